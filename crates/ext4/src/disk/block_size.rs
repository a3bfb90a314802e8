//! The size of a block and what follows from it.

/// How large the blocks of a disk are.
///
/// Every file and directory ends with a block filled up with zeros, half of one on average, so small blocks make disks of small files small. Against that, a
/// link target and the names of an entry's extended attributes must fit one block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BlockSize {
    /// 1 KiB: link targets of up to 1,023 bytes.
    Kib1,
    /// 4 KiB: link targets of up to 4,095 bytes.
    #[default]
    Kib4,
}

impl BlockSize {
    /// Bytes of one block.
    pub(crate) fn bytes(self) -> usize {
        1024 << self.log2_kib()
    }

    /// "s_log_block_size".
    pub(crate) fn log2_kib(self) -> u32 {
        match self {
            Self::Kib1 => 0,
            Self::Kib4 => 2,
        }
    }

    /// The block with the superblock, at byte 1,024 ("s_first_data_block"). The groups start with it.
    pub(crate) fn first_data_block(self) -> u64 {
        match self {
            Self::Kib1 => 1,
            Self::Kib4 => 0,
        }
    }

    /// Blocks in a group, and inodes in one at most: one bit each in a bitmap of one block.
    pub(crate) fn per_group(self) -> u32 {
        8 * self.bytes() as u32
    }

    /// Inodes in one block of a table.
    pub(crate) fn inodes_per_block(self) -> u32 {
        (self.bytes() / super::INODE_BYTES) as u32
    }

    /// The longest target of a symbolic link: a block with a NUL at its end.
    pub(crate) fn max_symlink_bytes(self) -> usize {
        self.bytes() - 1
    }
}
