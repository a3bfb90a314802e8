//! Layer disks: from a layer's compressed tar to a read-only EXT4 image, in one pass, without a temporary tree, a mount or privileges.
//!
//! [`write_layer_disk`] makes the disk of one layer, for overlayfs to stack: whiteouts become character devices 0/0, opaque directories get the attribute
//! `trusted.overlay.opaque`. [`write_merged_disk`] puts several layers on one disk and applies their whiteouts.
//!
//! A layer that has an entry but not the directories above it gives these root's ownership and mode 0755, on its own disk. Where a lower layer describes such a
//! directory, overlayfs shows what the upper one says: a disk is independent of what it will lie on. Merged layers do not have this limit.
//!
//! What comes out depends on the tar's bytes alone. Nothing in a tar reaches outside of the image's root, and memory is bounded ([`LayerLimits`]): a few
//! megabytes, and up to 28 bytes for each entry; names and metadata wait in an unlinked scratch file.

mod apply;
mod chunk;
mod error;
mod inflate;
mod options;
mod pipeline;
mod scratch;
pub mod tar;
mod turn;
mod whiteout;
mod write;

pub use error::LayerError;
pub use options::{BlockSize, DiskOptions, LayerLimits};
pub use write::{LayerDiskSummary, MergedDiskSummary, write_layer_disk, write_merged_disk};
