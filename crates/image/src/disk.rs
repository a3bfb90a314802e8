//! Layer disks: one read-only EXT4 image per layer, made once and shared by every image that has the layer.
//!
//! `layers/<diff id>.ext4` appears only when the whole layer has been unpacked, its digest has proved to be the one that the
//! image configuration names, and the file is on the disk. `layers/<diff id>.json` is written before it and says what it is.

mod error;
mod make;
mod record;

use std::path::PathBuf;

use container_oci::Digest;

pub use error::DiskError;
pub(crate) use make::{layer_compression, make_disk};
pub(crate) use record::find_disk;

/// A layer's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerDisk {
    /// Digest of the uncompressed layer.
    pub diff_id: Digest,
    /// The EXT4 image. Never written to again.
    pub path: PathBuf,
    /// Size of the file (not of the blocks that it takes).
    pub size_bytes: u64,
    /// Files, directories, links and the like in the layer.
    pub entries: u64,
}
