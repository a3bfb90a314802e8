//! Replays the journal (jbd2) of a disk whose machine ended before it was unmounted, in memory: what a kernel would copy to its place is noted here.
//!
//! The log is a ring of transactions with consecutive numbers. A transaction counts from its commit block on, so the first thing that is not the next expected block
//! ends the log. All numbers are big-endian (`include/linux/jbd2.h`, "Journal (jbd2)" of the kernel's documentation).

mod records;

use std::collections::BTreeMap;

use super::Reader;
use super::damaged;
use super::image::{JOURNAL_MAGIC, Logged};
use crate::disk::extent::Extent;
use crate::disk::get::u32_be_at;
use crate::error::ReadError;
use records::{Format, Tag};

/// Blocks of the largest journal that is replayed: 4 GiB of 4 KiB each. Each that is replayed takes some 30 bytes of memory.
const MAX_BLOCKS: u32 = 1 << 20;
/// Extents of the journal's own file.
const MAX_EXTENTS: usize = 1 << 16;
/// JBD2_SUPERBLOCK_V2, "h_blocktype".
const SUPERBLOCK: u32 = 4;
const DESCRIPTOR: u32 = 1;
const COMMIT: u32 = 2;
const REVOKE: u32 = 5;
/// "h_magic", "h_blocktype", "h_sequence".
const HEADER_BYTES: usize = 12;

/// A journal that is being read.
struct Journal<'a> {
    reader: &'a Reader,
    extents: Vec<Extent>,
    format: Format,
    /// Blocks of the journal, its superblock included.
    blocks: u32,
    /// The first block of the ring.
    first: u32,
}

/// What one transaction wrote.
#[derive(Default)]
struct Transaction {
    logged: Vec<(u32, Logged)>,
    /// The blocks of the journal that say of which blocks older copies in the log no longer count. They are read again when that is settled, because what they
    /// say may be much more than all that was logged.
    revokes: Vec<u32>,
}

/// Where the journal has the newest content of which blocks. `reader` shows the disk as it is, without the journal.
pub(super) fn replay(reader: &Reader, inode: u32) -> Result<BTreeMap<u32, Logged>, ReadError> {
    let node = reader.node(inode)?;
    let mut extents = Vec::new();
    reader.each_extent(&node, |extent| {
        extents.push(extent);
        match extents.len() {
            0..=MAX_EXTENTS => Ok(()),
            _ => Err(damaged("its journal is in too many pieces")),
        }
    })?;
    let mut journal = Journal {
        reader,
        extents,
        format: Format::default(),
        blocks: 1,
        first: 0,
    };
    let mut superblock = vec![0; reader.block_bytes()];
    journal.read(0, &mut superblock)?;
    let size_blocks = node.size_bytes() / reader.block_bytes() as u64;
    let is_valid = superblock.starts_with(&JOURNAL_MAGIC)
        && u32_be_at(&superblock, 4) == SUPERBLOCK
        && u32_be_at(&superblock, 0x0c) as usize == reader.block_bytes();
    if !is_valid {
        return Err(damaged("its journal has no superblock"));
    }
    journal.blocks = u32_be_at(&superblock, 0x10);
    journal.first = u32_be_at(&superblock, 0x14);
    let (sequence, start) = (u32_be_at(&superblock, 0x18), u32_be_at(&superblock, 0x1c));
    if u64::from(journal.blocks) > size_blocks || journal.blocks > MAX_BLOCKS {
        return Err(damaged("its journal is larger than its file"));
    }
    journal.format = Format::decode(&superblock)?;
    // 0 says that there is nothing to replay.
    if start == 0 {
        return Ok(BTreeMap::new());
    }
    if !(1..journal.blocks).contains(&journal.first) || !(journal.first..journal.blocks).contains(&start) {
        return Err(damaged("its journal starts outside of its file"));
    }
    journal.run(sequence, start)
}

impl Journal<'_> {
    /// Goes through the log from block `at` on, whose transaction is number `sequence`.
    fn run(&self, mut sequence: u32, mut at: u32) -> Result<BTreeMap<u32, Logged>, ReadError> {
        let mut replayed = BTreeMap::new();
        let mut transaction = Transaction::default();
        let mut block = vec![0; self.reader.block_bytes()];
        let mut left = self.blocks;
        while left > 0 {
            left -= 1;
            self.read(at, &mut block)?;
            if !block.starts_with(&JOURNAL_MAGIC) || u32_be_at(&block, 8) != sequence {
                break;
            }
            let read_at = at;
            at = self.next(at);
            match u32_be_at(&block, 4) {
                DESCRIPTOR if self.format.is_whole(&block) => {
                    let tags = self.format.tags(&block, HEADER_BYTES);
                    if tags.len() as u64 > u64::from(left) {
                        break;
                    }
                    left -= tags.len() as u32;
                    at = self.log(&tags, sequence, at, &mut transaction)?;
                }
                REVOKE if self.format.is_whole(&block) => transaction.revokes.push(read_at),
                COMMIT if self.format.is_whole_commit(&block) => {
                    let done = std::mem::take(&mut transaction);
                    replayed.extend(done.logged);
                    for revoke in done.revokes {
                        self.read(revoke, &mut block)?;
                        for number in self.format.revoked(&block)? {
                            replayed.remove(&number);
                        }
                    }
                    sequence = sequence.wrapping_add(1);
                }
                _ => break,
            }
        }
        Ok(replayed)
    }

    /// Notes the blocks of `tags`, which are in the log from block `at` on. Returns the block behind them.
    fn log(&self, tags: &[Tag], sequence: u32, mut at: u32, transaction: &mut Transaction) -> Result<u32, ReadError> {
        let mut block = vec![
            0;
            if self.format.sums_blocks() {
                self.reader.block_bytes()
            } else {
                0
            }
        ];
        for tag in tags {
            if tag.block >= self.reader.blocks() {
                return Err(damaged("its journal has a block that is not on it"));
            }
            if self.format.sums_blocks() {
                self.read(at, &mut block)?;
                if !self.format.matches(tag, sequence, &block) {
                    return Err(damaged("the checksum of a block in its journal is wrong"));
                }
            }
            let logged = Logged {
                block: self.locate(at)?,
                is_escaped: tag.is_escaped,
            };
            transaction.logged.push((tag.block, logged));
            at = self.next(at);
        }
        Ok(at)
    }

    /// The block behind block `at` of the ring.
    fn next(&self, at: u32) -> u32 {
        match at + 1 < self.blocks {
            true => at + 1,
            false => self.first,
        }
    }

    fn read(&self, number: u32, into: &mut [u8]) -> Result<(), ReadError> {
        self.reader.read_block(self.locate(number)?, into)
    }

    /// Where block `number` of the journal is on the disk.
    fn locate(&self, number: u32) -> Result<u32, ReadError> {
        let index = self.extents.partition_point(|extent| extent.logical <= number);
        let extent = index.checked_sub(1).and_then(|index| self.extents.get(index));
        extent
            .filter(|extent| number - extent.logical < extent.count)
            .map(|extent| extent.physical + (number - extent.logical))
            .ok_or(damaged("its journal has a hole"))
    }
}
