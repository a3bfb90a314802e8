//! The superblock as it is read. What it says is not judged here.

use super::{MAGIC, SUPERBLOCK_BYTES, checksum_seed, incompat, ro_compat};
use crate::disk::checksum::crc32c;
use crate::disk::get::{u16_at, u32_at};

/// EXT4_VALID_FS alone ("s_state"): unmounted, and without errors.
const CLEAN: u16 = 1;
/// "s_checksum" at the end, of all that is before it.
const CHECKSUM_AT: usize = 0x3fc;

/// What a superblock says.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) inodes: u32,
    pub(crate) blocks: u64,
    pub(crate) first_data_block: u32,
    /// "s_log_block_size"
    pub(crate) block_size_log2_kib: u32,
    pub(crate) blocks_per_group: u32,
    pub(crate) inodes_per_group: u32,
    /// "s_mtime": when it was last mounted writable, 0 for never.
    pub(crate) mounted_seconds: u32,
    /// Whether it was unmounted, and has no errors.
    pub(crate) is_clean: bool,
    pub(crate) inode_bytes: u16,
    pub(crate) incompat: u32,
    pub(crate) ro_compat: u32,
    pub(crate) uuid: [u8; 16],
    pub(crate) label: [u8; 16],
    /// The journal's inode, 0 without one.
    pub(crate) journal_inode: u32,
    /// "s_desc_size", of disks with the feature 64bit.
    pub(crate) descriptor_bytes: u16,
    pub(crate) default_mount_options: u32,
    /// "s_mkfs_time"
    pub(crate) made_seconds: u32,
    /// "s_checksum_seed", of disks with the feature metadata_csum_seed.
    own_checksum_seed: u32,
    is_whole: bool,
}

impl Facts {
    /// Takes the superblock apart; `None` when it is none of EXT4.
    pub(crate) fn decode(bytes: &[u8; SUPERBLOCK_BYTES]) -> Option<Self> {
        let high_blocks = match u32_at(bytes, 0x60) & incompat::WIDE {
            0 => 0,
            _ => u32_at(bytes, 0x150),
        };
        (u16_at(bytes, 0x38) == MAGIC).then(|| Self {
            inodes: u32_at(bytes, 0x00),
            blocks: u64::from(u32_at(bytes, 0x04)) | u64::from(high_blocks) << 32,
            first_data_block: u32_at(bytes, 0x14),
            block_size_log2_kib: u32_at(bytes, 0x18),
            blocks_per_group: u32_at(bytes, 0x20),
            inodes_per_group: u32_at(bytes, 0x28),
            mounted_seconds: u32_at(bytes, 0x2c),
            is_clean: u16_at(bytes, 0x3a) == CLEAN,
            inode_bytes: u16_at(bytes, 0x58),
            incompat: u32_at(bytes, 0x60),
            ro_compat: u32_at(bytes, 0x64),
            uuid: sixteen_at(bytes, 0x68),
            label: sixteen_at(bytes, 0x78),
            journal_inode: u32_at(bytes, 0xe0),
            descriptor_bytes: u16_at(bytes, 0xfe),
            default_mount_options: u32_at(bytes, 0x100),
            made_seconds: u32_at(bytes, 0x108),
            own_checksum_seed: u32_at(bytes, 0x270),
            is_whole: crc32c(!0, &bytes[..CHECKSUM_AT]) == u32_at(bytes, CHECKSUM_AT),
        })
    }

    /// Whether the journal is to be replayed.
    pub(crate) fn needs_recovery(&self) -> bool {
        self.incompat & incompat::RECOVER != 0
    }

    /// The seed of metadata checksums, if there are any.
    pub(crate) fn checksum_seed(&self) -> Option<u32> {
        if self.ro_compat & ro_compat::METADATA_CSUM == 0 {
            return None;
        }
        Some(match self.incompat & incompat::CHECKSUM_SEED {
            0 => checksum_seed(&self.uuid),
            _ => self.own_checksum_seed,
        })
    }

    /// Whether its own checksum is right, or it has none.
    pub(crate) fn is_whole(&self) -> bool {
        self.checksum_seed().is_none() || self.is_whole
    }
}

fn sixteen_at(bytes: &[u8; SUPERBLOCK_BYTES], at: usize) -> [u8; 16] {
    let found = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    found.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{JournalBackup, Superblock, compat};
    use super::*;
    use crate::disk::INODE_BYTES;

    #[test]
    fn what_was_written_is_read() {
        let written = Superblock {
            blocks: 70_000,
            inodes: 4_096,
            inodes_per_group: 2_048,
            uuid: [7; 16],
            label: [8; 16],
            made_seconds: 9,
            mounted_seconds: 10,
            compat: compat::HAS_JOURNAL,
            incompat: incompat::EXTENTS | incompat::RECOVER,
            ro_compat: ro_compat::METADATA_CSUM,
            default_mount_options: 0x40c,
            journal: Some(JournalBackup {
                inode: 8,
                map: [0; 60],
                size_bytes: 0,
            }),
            ..Superblock::default()
        };
        let mut bytes = written.encode(0);
        let read = Facts::decode(&bytes).unwrap();
        assert_eq!(
            (read.blocks, read.inodes, read.inodes_per_group, read.blocks_per_group),
            (70_000, 4_096, 2_048, 32_768)
        );
        assert_eq!((read.block_size_log2_kib, read.first_data_block), (2, 0));
        assert_eq!((read.uuid, read.label), ([7; 16], [8; 16]));
        assert_eq!((read.made_seconds, read.mounted_seconds), (9, 10));
        assert_eq!((read.incompat, read.ro_compat), (written.incompat, written.ro_compat));
        assert_eq!((read.default_mount_options, read.journal_inode), (0x40c, 8));
        assert_eq!(usize::from(read.inode_bytes), INODE_BYTES);
        assert!(read.is_clean && read.needs_recovery() && read.is_whole());
        assert_eq!(read.checksum_seed(), Some(checksum_seed(&[7; 16])));
        bytes[0] ^= 1;
        assert!(!Facts::decode(&bytes).unwrap().is_whole());
        bytes[0x38] = 0;
        assert!(Facts::decode(&bytes).is_none());
    }
}
