//! The superblock of an empty journal (`struct journal_superblock_s`, jbd2), big-endian.

use super::BLOCK_BYTES;
use super::put::put32_be;

/// JBD2_MAGIC_NUMBER
const MAGIC: u32 = 0xc03b_3998;
/// JBD2_SUPERBLOCK_V2
const SUPERBLOCK_V2: u32 = 4;

/// The journal's first block; the rest of a journal that was never used is zeros.
pub(crate) fn empty_superblock(blocks: u32, uuid: &[u8; 16]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    put32_be(&mut block, 0x00, MAGIC);
    put32_be(&mut block, 0x04, SUPERBLOCK_V2);
    put32_be(&mut block, 0x0c, BLOCK_BYTES as u32);
    put32_be(&mut block, 0x10, blocks);
    // First block of the log, first commit expected, and 0 for "nothing to replay".
    put32_be(&mut block, 0x14, 1);
    put32_be(&mut block, 0x18, 1);
    put32_be(&mut block, 0x40, 1);
    block[0x30..0x40].copy_from_slice(uuid);
    block
}
