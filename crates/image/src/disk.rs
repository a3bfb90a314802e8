//! Layer disks: one read-only EXT4 image per layer, made once and shared by every image that has the layer. The lowest layers of an image with
//! more of them than a machine has disks are merged into one disk, shared by every image that starts with the same layers.
//!
//! `layers/<diff id>.ext4` appears only when the whole layer has been unpacked, its digest has proved to be the one that the
//! image configuration names, and the file has been synced. `layers/<diff id>.json`, its record, is written before it. A merged disk
//! is named by the chain id of its layers, which is a digest over several digests and so no diff id.
//!
//! Stacked disks show what merged ones do. Where a layer has directories without describing them, the stack gets one more disk on top, its cover, with these
//! directories as the layers below have them; where a layer reaches through a symbolic link of a lower one, it is merged with those below. [`arrange`] tells.

mod arrange;
mod chain;
mod cover;
mod error;
mod look;
mod make;
mod merge;
mod record;
mod unfinished;

use std::path::PathBuf;

use container_model::Layer;
use container_oci::Digest;

use crate::layer::Stacking;

pub(crate) use arrange::{Arrangement, Missing, arrange, cover_ids};
pub(crate) use chain::{chain_id, chain_ids};
pub(crate) use cover::make_cover;
pub use error::DiskError;
pub(crate) use make::{layer_compression, make_disk};
pub(crate) use merge::{make_merged_disk, missing_below};
pub(crate) use record::find_disk;

/// A layer's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerDisk {
    /// What is on it, and the id that names it.
    pub layer: Layer,
    /// The EXT4 image, which is not changed any more.
    pub path: PathBuf,
    /// Size of the file (not of the blocks that it takes).
    pub size_bytes: u64,
    /// Files, directories, links and the like in the layer.
    pub entries: u64,
    /// What a stack has to know of it.
    pub(crate) stacking: Stacking,
    /// Of a cover: how many of the lowest layers have to be on one disk instead.
    pub(crate) merge: Option<usize>,
}

impl LayerDisk {
    /// The id that names it: a diff id, a chain id, or the id of a cover.
    #[must_use]
    pub fn id(&self) -> &Digest {
        self.layer.disk_id()
    }
}
