//! Block and inode bitmaps: one bit per item, lowest bit first, set when in use.

use std::ops::Range;

use super::BLOCK_BYTES;

/// A bitmap over any number of items, cut into blocks of [`BLOCK_BYTES`] when it is written.
pub(crate) struct Bitmap {
    bytes: Vec<u8>,
}

impl Bitmap {
    /// `blocks` bitmap blocks with no bit set.
    pub(crate) fn new(blocks: usize) -> Self {
        Self {
            bytes: vec![0; blocks * BLOCK_BYTES],
        }
    }

    /// Sets or clears all bits of `range`.
    pub(crate) fn fill(&mut self, range: Range<usize>, used: bool) {
        let mut bit = range.start;
        while bit < range.end {
            if bit.is_multiple_of(8) && range.end - bit >= 8 {
                let last = bit + (range.end - bit) / 8 * 8;
                self.bytes[bit / 8..last / 8].fill(if used { 0xff } else { 0 });
                bit = last;
                continue;
            }
            if used {
                self.bytes[bit / 8] |= 1 << (bit % 8);
            } else {
                self.bytes[bit / 8] &= !(1 << (bit % 8));
            }
            bit += 1;
        }
    }

    /// Number of set bits in `range`, which starts and ends at whole bytes or at the end of the map.
    pub(crate) fn used(&self, range: Range<usize>) -> u32 {
        range.filter(|bit| self.bytes[bit / 8] & (1 << (bit % 8)) != 0).count() as u32
    }

    /// All blocks of the map, one after the other.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Bitmap;

    #[test]
    fn fill_touches_exactly_the_range() {
        for (start, end) in [(0, 1), (3, 5), (7, 25), (8, 16), (1, 64), (0, 0)] {
            let mut map = Bitmap::new(1);
            map.fill(start..end, true);
            assert_eq!(map.used(0..64), (end - start) as u32);
            assert_eq!(map.used(start..end), (end - start) as u32);
            map.fill(start..end, false);
            assert_eq!(map.used(0..64), 0);
        }
    }
}
