//! Giving the space of a part of a file back.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use crate::data::next_data;
use crate::unsupported::is_unsupported;

/// Bytes of zeros that are written at a time.
const ZEROS_BYTES: usize = 64 * 1024;

/// Makes `length` bytes from `offset` on read as zeros and gives their space back, where the file system can do that and as far as
/// whole blocks are concerned. The length of the file stays; what would lie behind its end is left out.
///
/// # Errors
/// What the system says; some of the bytes may be zeros then.
pub fn punch_hole(file: &File, offset: u64, length: u64) -> io::Result<()> {
    let end = offset.saturating_add(length).min(file.metadata()?.len());
    if offset >= end {
        return Ok(());
    }
    match punch(file, offset..end) {
        Err(error) if is_unsupported(&error) => write_zeros(file, offset..end),
        other => other,
    }
}

/// Punches a hole of the bytes in `range`, which nobody needs, as far as they are none yet; how many bytes that were. Where the file system
/// has no holes nothing is done.
///
/// # Errors
/// What the system says; a part of the space may be back then.
pub fn punch_data(file: &File, range: Range<u64>) -> io::Result<u64> {
    let (mut position, mut punched_bytes) = (range.start, 0);
    while let Some(Range { start, end }) = next_data(file, position, range.end)? {
        match punch(file, start..end) {
            Err(error) if is_unsupported(&error) => break,
            other => other?,
        }
        punched_bytes += end - start;
        position = end;
    }
    Ok(punched_bytes)
}

/// fallocate(2) takes any range and writes zeros into blocks that it covers in part.
#[cfg(target_os = "linux")]
fn punch(file: &File, range: Range<u64>) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, flags, range.start, range.end - range.start)?)
}

#[cfg(target_os = "macos")]
fn punch(file: &File, range: Range<u64>) -> io::Result<()> {
    let block_bytes = u64::from(rustix::fs::fstatfs(file)?.f_bsize);
    let parts = Parts::of(range, block_bytes);
    if !parts.blocks.is_empty() {
        crate::darwin::punch(file, parts.blocks.start, parts.blocks.end - parts.blocks.start)?;
    }
    write_zeros(file, parts.before)?;
    write_zeros(file, parts.after)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn punch(_: &File, _: Range<u64>) -> io::Result<()> {
    Err(rustix::io::Errno::NOTSUP.into())
}

fn write_zeros(file: &File, range: Range<u64>) -> io::Result<()> {
    let zeros = [0; ZEROS_BYTES];
    let mut position = range.start;
    while position < range.end {
        let count = usize::try_from(range.end - position).map_or(ZEROS_BYTES, |left| left.min(ZEROS_BYTES));
        file.write_all_at(&zeros[..count], position)?;
        position += count as u64;
    }
    Ok(())
}

/// A range of bytes, cut where whole blocks begin and end.
#[cfg(any(target_os = "macos", test))]
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    before: Range<u64>,
    blocks: Range<u64>,
    after: Range<u64>,
}

#[cfg(any(target_os = "macos", test))]
impl Parts {
    fn of(range: Range<u64>, block_bytes: u64) -> Self {
        let block_bytes = block_bytes.max(1);
        let last = range.end - range.end % block_bytes;
        // A range within one block has no whole one: all of it lies before.
        let first = range.start.checked_next_multiple_of(block_bytes);
        let Some(first) = first.filter(|first| *first <= last) else {
            let end = range.end;
            return Self {
                before: range,
                blocks: end..end,
                after: end..end,
            };
        };
        Self {
            before: range.start..first,
            blocks: first..last,
            after: last..range.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::MetadataExt as _;

    fn full_of_ones(length: usize) -> File {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&vec![1; length], 0).unwrap();
        file.sync_all().unwrap();
        file
    }

    fn is_zero_only_in(file: &File, range: Range<usize>) -> bool {
        let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let mut bytes = bytes.iter().enumerate();
        bytes.all(|(at, byte)| (*byte == 0) == range.contains(&at))
    }

    #[test]
    fn a_hole_reads_as_zeros_and_takes_no_space() {
        let file = full_of_ones(1 << 20);
        let before = file.metadata().unwrap().blocks();
        punch_hole(&file, 1000, 900_000).unwrap();
        assert!(is_zero_only_in(&file, 1000..901_000));
        assert!(file.metadata().unwrap().blocks() < before / 2);
    }

    #[test]
    fn a_file_does_not_grow_by_a_hole_behind_its_end() {
        let file = full_of_ones(10_000);
        punch_hole(&file, 9_000, u64::MAX).unwrap();
        punch_hole(&file, 20_000, 5).unwrap();
        assert!(is_zero_only_in(&file, 9_000..10_000));
    }

    #[test]
    fn only_data_is_punched() {
        let file = full_of_ones(1 << 20);
        punch_hole(&file, 65_536, 65_536).unwrap();
        assert_eq!(punch_data(&file, 65_536..262_144).unwrap(), 131_072);
        assert_eq!(punch_data(&file, 65_536..262_144).unwrap(), 0);
        assert!(is_zero_only_in(&file, 65_536..262_144));
    }

    #[test]
    fn zeros_are_written_where_there_are_no_holes() {
        let file = full_of_ones(3 * ZEROS_BYTES);
        write_zeros(&file, 5..150_000).unwrap();
        assert!(is_zero_only_in(&file, 5..150_000));
    }

    proptest! {
        #[test]
        fn parts_are_the_range_and_the_middle_is_whole_blocks(start in 0..20_000_u64, length in 0..20_000_u64, block in 1..5000_u64) {
            let range = start..start + length;
            let parts = Parts::of(range.clone(), block);
            prop_assert_eq!(parts.before.start, range.start);
            prop_assert_eq!(parts.before.end, parts.blocks.start);
            prop_assert_eq!(parts.blocks.end, parts.after.start);
            prop_assert_eq!(parts.after.end, range.end);
            if !parts.blocks.is_empty() {
                prop_assert!(parts.blocks.start.is_multiple_of(block) && parts.blocks.end.is_multiple_of(block));
                prop_assert!(parts.before.end - parts.before.start < block && parts.after.end - parts.after.start < block);
            } else {
                prop_assert!(length < 2 * block);
            }
        }
    }
}
