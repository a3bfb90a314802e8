//! Block and inode bitmaps: one bit per item, lowest bit first, set when in use.

use std::ops::Range;

/// A bitmap over any number of items, cut into blocks when it is written.
pub(crate) struct Bitmap {
    bytes: Vec<u8>,
}

impl Bitmap {
    /// `bits` bits, a multiple of eight, none of them set.
    pub(crate) fn new(bits: usize) -> Self {
        Self {
            bytes: vec![0; bits / 8],
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

    /// Number of set bits in `range`, which starts at a whole byte.
    pub(crate) fn used(&self, range: Range<usize>) -> u32 {
        let whole = range.start / 8..range.end / 8;
        let rest = (range.end / 8 * 8).max(range.start)..range.end;
        let rest = rest.filter(|bit| self.bytes[bit / 8] & (1 << (bit % 8)) != 0).count() as u32;
        self.bytes[whole].iter().map(|byte| byte.count_ones()).sum::<u32>() + rest
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
            let mut map = Bitmap::new(64);
            map.fill(start..end, true);
            assert_eq!(map.used(0..64), (end - start) as u32);
            assert_eq!(map.used(0..end), (end - start) as u32);
            assert_eq!(map.used(0..start), 0);
            map.fill(start..end, false);
            assert_eq!(map.used(0..64), 0);
        }
    }
}
