//! Maps of sparse files.

use super::entry::Region;
use super::number::field;

/// The most pieces a sparse file may have.
pub(super) const MAX_REGIONS: usize = 1 << 20;
/// Bytes of one pair in the old GNU format.
const PAIR_BYTES: usize = 24;

/// Reads the pairs of an old GNU sparse header or of one of its continuations, up to the first empty one.
pub(super) fn old_gnu_pairs(bytes: &[u8], regions: &mut Vec<Region>) -> Option<()> {
    for pair in bytes.chunks_exact(PAIR_BYTES).take_while(|pair| pair[0] != 0) {
        let offset = field(&pair[..12])?.try_into().ok()?;
        let length = field(&pair[12..])?.try_into().ok()?;
        regions.push(Region { offset, length });
    }
    (regions.len() <= MAX_REGIONS).then_some(())
}

/// Pairs up the numbers of a pax map.
pub(super) fn pairs(numbers: &[u64]) -> Option<Vec<Region>> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    (rest.is_empty() && pairs.len() <= MAX_REGIONS).then(|| {
        pairs
            .iter()
            .map(|[offset, length]| Region {
                offset: *offset,
                length: *length,
            })
            .collect()
    })
}

/// Whether the regions are in order, within the file, and exactly what the stream has.
pub(super) fn is_consistent(regions: &[Region], size_bytes: u64, stored_bytes: u64) -> bool {
    let mut end = 0_u64;
    let mut stored = 0_u64;
    for region in regions {
        if region.offset < end {
            return false;
        }
        let Some(next) = region
            .offset
            .checked_add(region.length)
            .filter(|next| *next <= size_bytes)
        else {
            return false;
        };
        end = next;
        stored += region.length;
    }
    stored == stored_bytes
}
