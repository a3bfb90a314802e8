//! How a layer disk is made, and bounds on what a layer may take.

use std::path::Path;

pub use container_ext4::BlockSize;

/// How a disk is made.
#[derive(Debug, Clone, Copy)]
pub struct DiskOptions<'a> {
    /// Where the scratch file goes: beside the disk, because it may become as large as the layer's names and metadata. It has no name, so no file is
    /// left behind.
    pub scratch_dir: &'a Path,
    /// Small blocks, unless the layer needs large ones ([`super::LayerError::needs_larger_blocks`]).
    pub block_size: BlockSize,
    /// Bounds.
    pub limits: LayerLimits,
}

impl<'a> DiskOptions<'a> {
    /// Small blocks and default limits.
    #[must_use]
    pub fn new(scratch_dir: &'a Path) -> Self {
        Self {
            scratch_dir,
            block_size: BlockSize::Kib1,
            limits: LayerLimits::default(),
        }
    }
}

/// Bounds against hostile layers. The defaults are far above what known images need.
#[derive(Debug, Clone, Copy)]
pub struct LayerLimits {
    /// Bytes of the tar.
    pub uncompressed_bytes: u64,
    /// Entries on the disk.
    pub entries: u32,
    /// Names, link targets and extended attributes, which are in the scratch file until the disk is finished.
    pub retained_bytes: u64,
    /// Paths of whiteouts, which are in memory until the layer's last entry.
    pub whiteout_bytes: u64,
}

impl Default for LayerLimits {
    /// 256 GiB, 4 million entries, 512 MiB, 16 MiB.
    fn default() -> Self {
        Self {
            uncompressed_bytes: 256 << 30,
            entries: 1 << 22,
            retained_bytes: 512 << 20,
            whiteout_bytes: 16 << 20,
        }
    }
}
