//! The blocks of a writable disk that nothing is in.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::disk::checksum::crc32c;
use crate::disk::get::{u16_at, u32_at};
use crate::disk::group::{DESCRIPTOR_BYTES, flags};
use crate::disk::put::low16;
use crate::disk::superblock::{Facts, SUPERBLOCK_BYTES, incompat};
use crate::disk::{BLOCK_BYTES, BLOCKS_PER_GROUP};
use crate::error::ReadError;

/// "s_log_block_size" of blocks of 4 KiB.
const BLOCK_SIZE_LOG2: u32 = 2;
/// What all writable disks have of "s_feature_incompat".
const REQUIRED_INCOMPAT: u32 = incompat::FILETYPE | incompat::EXTENTS;
/// What those have besides that [`crate::Writer`] makes. With other features, among them EXT4_FEATURE_INCOMPAT_RECOVER, the descriptors cannot be
/// relied on.
const POSSIBLE_INCOMPAT: u32 = incompat::FLEX_BG | incompat::EA_INODE | incompat::LARGE_DIR;

/// The free space of a disk, group by group.
#[derive(Debug)]
pub struct FreeSpace<'a> {
    disk: &'a File,
    blocks: u64,
    seed: u32,
    descriptors: Vec<u8>,
    group: u32,
}

/// Looks for the free space of a disk that [`crate::format_writable`] made, or [`crate::Writer`] with [`crate::Room`], and that nobody writes to. There is none
/// to be told while the disk's journal has to be replayed, after it was not unmounted, or when it has errors: what looks free may then be in use.
///
/// # Errors
/// [`ReadError`]
pub fn free_space(disk: &File) -> Result<Option<FreeSpace<'_>>, ReadError> {
    let mut superblock = [0; SUPERBLOCK_BYTES];
    disk.read_exact_at(&mut superblock, SUPERBLOCK_BYTES as u64)?;
    let Some(facts) = Facts::decode(&superblock) else {
        return Ok(None);
    };
    let is_known = facts.block_size_log2_kib == BLOCK_SIZE_LOG2
        && u64::from(facts.blocks_per_group) == BLOCKS_PER_GROUP
        && facts.incompat & !POSSIBLE_INCOMPAT == REQUIRED_INCOMPAT;
    let seed = facts.checksum_seed().filter(|_| is_known && facts.is_clean);
    let Some(seed) = seed else {
        return Ok(None);
    };
    let blocks = facts.blocks.min(disk.metadata()?.len() / BLOCK_BYTES as u64);
    let groups = usize::try_from(blocks.div_ceil(BLOCKS_PER_GROUP)).unwrap_or(usize::MAX);
    let mut descriptors = vec![0; groups * DESCRIPTOR_BYTES];
    disk.read_exact_at(&mut descriptors, BLOCK_BYTES as u64)?;
    Ok(Some(FreeSpace {
        disk,
        blocks,
        seed,
        descriptors,
        group: 0,
    }))
}

impl FreeSpace<'_> {
    /// The free bytes of the next group that something was ever in, as ranges of the disk in ascending order; `None` after the last.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn next_group(&mut self) -> Result<Option<Vec<Range<u64>>>, ReadError> {
        loop {
            let at = self.group as usize * DESCRIPTOR_BYTES;
            let Some(descriptor) = self.descriptors.get(at..at + DESCRIPTOR_BYTES) else {
                return Ok(None);
            };
            let first = u64::from(self.group) * BLOCKS_PER_GROUP;
            let bitmap_block = u32_at(descriptor, 0x00);
            let (group_flags, checksum) = (u16_at(descriptor, 0x12), u16_at(descriptor, 0x18));
            self.group += 1;
            if group_flags & flags::BLOCK_UNINIT != 0 || u64::from(bitmap_block) >= self.blocks {
                continue;
            }
            let mut bitmap = [0; BLOCK_BYTES];
            let bitmap_at = u64::from(bitmap_block) * BLOCK_BYTES as u64;
            self.disk.read_exact_at(&mut bitmap, bitmap_at)?;
            // A group that is damaged keeps its space.
            if low16(crc32c(self.seed, &bitmap)) == checksum {
                let count = BLOCKS_PER_GROUP.min(self.blocks - first);
                return Ok(Some(clear_runs(&bitmap, count, first)));
            }
        }
    }
}

/// The runs of clear bits among the first `count`, in bytes of a disk on which the first bit stands for block `first`.
fn clear_runs(bitmap: &[u8; BLOCK_BYTES], count: u64, first: u64) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    let bits = (0..count).zip(bitmap.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)));
    for (index, _) in bits.filter(|(_, bit)| *bit == 0) {
        let start = (first + index) * BLOCK_BYTES as u64;
        let end = start + BLOCK_BYTES as u64;
        match runs.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => runs.push(start..end),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FormatOptions, Journal, Timestamp, format_writable};

    fn disk(size_bytes: u64) -> File {
        let mut file = tempfile::tempfile().unwrap();
        let options = FormatOptions {
            size_bytes,
            uuid: [7; 16],
            label: String::new(),
            made: Timestamp {
                seconds: 0,
                nanoseconds: 0,
            },
            root: (0o755, 0, 0),
            directories: Vec::new(),
            journal: Some(Journal::default()),
        };
        format_writable(&mut file, &options).unwrap();
        file
    }

    fn groups(disk: &File) -> Vec<Vec<Range<u64>>> {
        let mut free = free_space(disk).unwrap().unwrap();
        std::iter::from_fn(|| free.next_group().unwrap()).collect()
    }

    #[test]
    fn only_the_groups_that_are_written_have_something_to_tell() {
        let disk = disk(1 << 30);
        let groups = groups(&disk);
        assert_eq!(groups.len(), 2, "the first and the last");
        let group_bytes = BLOCKS_PER_GROUP * BLOCK_BYTES as u64;
        for (group, number) in groups.iter().zip([0, 7]) {
            let [free] = &group[..] else { panic!("{group:?}") };
            assert_eq!(free.end, (number + 1) * group_bytes);
            assert!(free.start > number * group_bytes);
        }
    }

    #[test]
    fn nothing_is_free_on_a_disk_that_was_not_unmounted_or_is_another() {
        for (at, byte) in [(0x3a, 0), (0x3a, 3), (0x60, 0x46), (0x38, 0), (0x18, 0)] {
            let disk = disk(8 << 20);
            disk.write_all_at(&[byte], SUPERBLOCK_BYTES as u64 + at).unwrap();
            assert!(free_space(&disk).unwrap().is_none(), "{at:#x}");
        }
    }

    #[test]
    fn features_of_disks_with_content_change_nothing() {
        let disk = disk(8 << 20);
        let before = groups(&disk);
        let features = REQUIRED_INCOMPAT | POSSIBLE_INCOMPAT;
        disk.write_all_at(&features.to_le_bytes(), SUPERBLOCK_BYTES as u64 + 0x60)
            .unwrap();
        assert_eq!(groups(&disk), before);
    }

    #[test]
    fn a_damaged_bitmap_keeps_its_space() {
        let disk = disk(8 << 20);
        let mut descriptor = [0; DESCRIPTOR_BYTES];
        disk.read_exact_at(&mut descriptor, BLOCK_BYTES as u64).unwrap();
        let block = u32::from_le_bytes(descriptor[..4].try_into().unwrap());
        disk.write_all_at(&[0], u64::from(block) * BLOCK_BYTES as u64).unwrap();
        assert!(groups(&disk).is_empty());
    }

    #[test]
    fn runs_end_where_blocks_are_in_use_and_where_the_group_ends() {
        let mut bitmap = [0xff; BLOCK_BYTES];
        bitmap[0] = 0b1110_0111;
        bitmap[1] = 0x7f;
        bitmap[2] = 0;
        let blocks = |runs: Vec<Range<u64>>| -> Vec<Range<u64>> {
            runs.into_iter().map(|run| run.start / 4096..run.end / 4096).collect()
        };
        assert_eq!(blocks(clear_runs(&bitmap, 22, 100)), [103..105, 115..122]);
        assert!(clear_runs(&[0xff; BLOCK_BYTES], 32768, 0).is_empty());
    }
}
