//! The superblock (`struct ext4_super_block`), 1,024 bytes at byte 1,024 of the disk.

mod facts;

use super::block_size::BlockSize;
use super::checksum::crc32c;
use super::put::{high32, low32, put16, put32};
use super::{FIRST_INODE, INODE_BYTES};

pub(crate) use facts::Facts;

/// EXT4_SUPER_MAGIC
const MAGIC: u16 = 0xef53;
/// Size of the structure and its offset in the first block.
pub(crate) const SUPERBLOCK_BYTES: usize = 1024;

/// "s_feature_compat", ext4(5).
pub(crate) mod compat {
    /// has_journal
    pub(crate) const HAS_JOURNAL: u32 = 0x4;
    /// ext_attr
    pub(crate) const EXT_ATTR: u32 = 0x8;
    /// dir_index
    pub(crate) const DIR_INDEX: u32 = 0x20;
    /// sparse_super2: backups only in the groups named by `s_backup_bgs`.
    pub(crate) const SPARSE_SUPER2: u32 = 0x200;
}

/// "s_feature_incompat", ext4(5).
pub(crate) mod incompat {
    /// filetype
    pub(crate) const FILETYPE: u32 = 0x2;
    /// needs_recovery
    pub(crate) const RECOVER: u32 = 0x4;
    /// extents
    pub(crate) const EXTENTS: u32 = 0x40;
    /// 64bit
    pub(crate) const WIDE: u32 = 0x80;
    /// flex_bg: bitmaps and inode tables may live outside of their group.
    pub(crate) const FLEX_BG: u32 = 0x200;
    /// ea_inode: large values of extended attributes live in inodes of their own.
    pub(crate) const EA_INODE: u32 = 0x400;
    /// metadata_csum_seed: the seed of checksums is "s_checksum_seed".
    pub(crate) const CHECKSUM_SEED: u32 = 0x2000;
    /// large_dir: hashed directories with three index levels.
    pub(crate) const LARGE_DIR: u32 = 0x4000;
}

/// "s_feature_ro_compat", ext4(5).
pub(crate) mod ro_compat {
    /// large_file: files of 2 GiB and more.
    pub(crate) const LARGE_FILE: u32 = 0x2;
    /// huge_file: block counts of 48 bits.
    pub(crate) const HUGE_FILE: u32 = 0x8;
    /// dir_nlink: directories with more than 65,000 subdirectories.
    pub(crate) const DIR_NLINK: u32 = 0x20;
    /// extra_isize: nanoseconds and years to 2446.
    pub(crate) const EXTRA_ISIZE: u32 = 0x40;
    /// metadata_csum
    pub(crate) const METADATA_CSUM: u32 = 0x400;
}

/// EXT4_DEF_HASH_HALF_MD4 ("s_def_hash_version").
pub(crate) const HASH_HALF_MD4: u8 = 1;
/// EXT2_FLAGS_UNSIGNED_HASH ("s_flags"): the hash takes names as unsigned bytes.
const FLAG_UNSIGNED_HASH: u32 = 0x2;
/// Bytes of an inode beyond the first 128 that are fields ("i_extra_isize").
pub(crate) const EXTRA_INODE_BYTES: u16 = 32;

/// What varies between the disks written here.
#[derive(Debug, Default, Clone)]
pub(crate) struct Superblock {
    pub(crate) block_size: BlockSize,
    pub(crate) blocks: u64,
    pub(crate) free_blocks: u64,
    pub(crate) inodes: u32,
    pub(crate) free_inodes: u32,
    pub(crate) inodes_per_group: u32,
    pub(crate) uuid: [u8; 16],
    pub(crate) label: [u8; 16],
    pub(crate) hash_seed: [u32; 4],
    pub(crate) made_seconds: u32,
    /// "s_mtime": when it was last mounted writable, 0 for never.
    pub(crate) mounted_seconds: u32,
    pub(crate) compat: u32,
    pub(crate) incompat: u32,
    pub(crate) ro_compat: u32,
    pub(crate) default_mount_options: u32,
    pub(crate) groups_per_flex_log2: u8,
    /// Groups with a copy of this block and of the descriptors; 0 for none.
    pub(crate) backup_groups: [u32; 2],
    /// The journal's inode, its `i_block` and its size, kept twice for recovery.
    pub(crate) journal: Option<JournalBackup>,
}

/// The copy of the journal's inode in the superblock ("s_jnl_blocks").
#[derive(Debug, Clone)]
pub(crate) struct JournalBackup {
    pub(crate) inode: u32,
    pub(crate) map: [u8; 60],
    pub(crate) size_bytes: u64,
}

impl Superblock {
    /// The bytes of the copy in `group`.
    pub(crate) fn encode(&self, group: u16) -> [u8; SUPERBLOCK_BYTES] {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        let out = &mut bytes;
        put32(out, 0x00, self.inodes);
        put32(out, 0x04, low32(self.blocks));
        put32(out, 0x150, high32(self.blocks));
        put32(out, 0x0c, low32(self.free_blocks));
        put32(out, 0x158, high32(self.free_blocks));
        put32(out, 0x10, self.free_inodes);
        put32(out, 0x14, low32(self.block_size.first_data_block()));
        put32(out, 0x18, self.block_size.log2_kib());
        put32(out, 0x1c, self.block_size.log2_kib());
        put32(out, 0x20, self.block_size.per_group());
        put32(out, 0x24, self.block_size.per_group());
        put32(out, 0x28, self.inodes_per_group);
        put32(out, 0x2c, self.mounted_seconds);
        put32(out, 0x30, self.made_seconds);
        put16(out, 0x36, u16::MAX);
        put16(out, 0x38, MAGIC);
        put16(out, 0x3a, 1);
        put16(out, 0x3c, 1);
        put32(out, 0x40, self.made_seconds);
        put32(out, 0x4c, 1);
        put32(out, 0x54, FIRST_INODE);
        put16(out, 0x58, INODE_BYTES as u16);
        put16(out, 0x5a, group);
        put32(out, 0x5c, self.compat);
        put32(out, 0x60, self.incompat);
        put32(out, 0x64, self.ro_compat);
        out[0x68..0x78].copy_from_slice(&self.uuid);
        out[0x78..0x88].copy_from_slice(&self.label);
        for (index, word) in self.hash_seed.iter().enumerate() {
            put32(out, 0xec + index * 4, *word);
        }
        out[0xfc] = HASH_HALF_MD4;
        put32(out, 0x100, self.default_mount_options);
        put32(out, 0x108, self.made_seconds);
        put16(out, 0x15c, EXTRA_INODE_BYTES);
        put16(out, 0x15e, EXTRA_INODE_BYTES);
        put32(out, 0x160, FLAG_UNSIGNED_HASH);
        out[0x174] = self.groups_per_flex_log2;
        put32(out, 0x24c, self.backup_groups[0]);
        put32(out, 0x250, self.backup_groups[1]);
        if let Some(journal) = &self.journal {
            put32(out, 0xe0, journal.inode);
            out[0xfd] = 1;
            out[0x10c..0x148].copy_from_slice(&journal.map);
            put32(out, 0x148, high32(journal.size_bytes));
            put32(out, 0x14c, low32(journal.size_bytes));
        }
        if self.ro_compat & ro_compat::METADATA_CSUM != 0 {
            out[0x175] = 1;
            let sum = crc32c(!0, &out[..0x3fc]);
            put32(out, 0x3fc, sum);
        }
        bytes
    }
}

/// The seed of every metadata checksum on the disk of that identity.
pub(crate) fn checksum_seed(uuid: &[u8; 16]) -> u32 {
    crc32c(!0, uuid)
}
