//! Maps of sparse files.

use std::io::BufRead;

use crate::entry::Region;
use crate::error::ReadError;
use crate::header::RECORD_BYTES;
use crate::number::{decimal, field};
use crate::records::Records;

/// The most pieces a sparse file may have.
pub const MAX_REGIONS: usize = 1 << 18;
/// Bytes of one pair in the old GNU format.
const PAIR_BYTES: usize = 24;

/// Reads the pairs of an old GNU sparse header or of one of its continuations, up to the first empty one.
fn old_gnu_pairs(bytes: &[u8], regions: &mut Vec<Region>) -> Option<()> {
    for pair in bytes.chunks_exact(PAIR_BYTES).take_while(|pair| pair[0] != 0) {
        let offset = field(&pair[..12])?.try_into().ok()?;
        let length = field(&pair[12..])?.try_into().ok()?;
        regions.push(Region { offset, length });
    }
    (regions.len() <= MAX_REGIONS).then_some(())
}

/// Pairs up the numbers of a pax map.
pub(crate) fn pairs(numbers: &[u64]) -> Option<Vec<Region>> {
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

/// The bytes that the regions have together, if they are in order and within the file.
pub(crate) fn stored_bytes(regions: &[Region], size_bytes: u64) -> Option<u64> {
    let mut end = 0_u64;
    let mut stored = 0_u64;
    for region in regions {
        if region.offset < end {
            return None;
        }
        end = region
            .offset
            .checked_add(region.length)
            .filter(|next| *next <= size_bytes)?;
        stored += region.length;
    }
    Some(stored)
}

/// The map of a file in format 1.0, filled up to a record. Readers learn the file's size from an empty region at its end.
pub(crate) fn map_to_content(regions: &[Region], size_bytes: u64) -> Vec<u8> {
    let ends_in_hole = regions.last().is_none_or(|last| last.offset + last.length < size_bytes);
    let end = ends_in_hole.then_some(Region {
        offset: size_bytes,
        length: 0,
    });
    let mut map = format!("{}\n", regions.len() + usize::from(ends_in_hole));
    for region in regions.iter().chain(&end) {
        map.push_str(&format!("{}\n{}\n", region.offset, region.length));
    }
    let mut map = map.into_bytes();
    map.resize(map.len().next_multiple_of(RECORD_BYTES), 0);
    map
}

/// The map of an old GNU sparse file, which goes on in records between header and content.
pub(crate) fn old_gnu_map<R: BufRead>(
    records: &mut Records<R>,
    first_pairs: &[u8],
    mut more: bool,
) -> Result<Vec<Region>, ReadError> {
    let offset = records.header_offset();
    let malformed = || ReadError::Sparse { offset };
    let mut regions = Vec::new();
    old_gnu_pairs(first_pairs, &mut regions).ok_or_else(malformed)?;
    while more {
        let mut record = [0; RECORD_BYTES];
        records.read_exactly(&mut record)?;
        old_gnu_pairs(&record[..504], &mut regions).ok_or_else(malformed)?;
        more = record[504] != 0;
    }
    Ok(regions)
}

/// The map of format 1.0: decimal numbers on lines of their own at the start of the content, filled up to a record.
pub(crate) fn map_in_content<R: BufRead>(records: &mut Records<R>) -> Result<Vec<Region>, ReadError> {
    let offset = records.header_offset();
    let malformed = || ReadError::Sparse { offset };
    let mut numbers: Vec<u64> = Vec::new();
    let mut line = Vec::new();
    // The first number says how many pairs follow.
    let mut wanted = 1;
    while numbers.len() < wanted {
        let record = records.content_record()?.ok_or_else(malformed)?;
        for byte in record {
            match byte {
                b'0'..=b'9' if line.len() < 20 => line.push(byte),
                b'\n' if numbers.len() < wanted => {
                    numbers.push(decimal(&line).ok_or_else(malformed)?);
                    line.clear();
                }
                0 if numbers.len() == wanted => {}
                _ => return Err(malformed()),
            }
            if let (1, [count]) = (wanted, numbers.as_slice()) {
                let count = usize::try_from(*count).ok().filter(|count| *count <= MAX_REGIONS);
                wanted = 1 + 2 * count.ok_or_else(malformed)?;
            }
        }
    }
    pairs(&numbers[1..]).ok_or_else(malformed)
}
