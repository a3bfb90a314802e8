//! Layer disks: from a layer's compressed tar to a read-only EXT4 image, in one pass, without a temporary tree, a mount or privileges.
//!
//! [`write_layer_disk`] makes the disk of one layer, for overlayfs to stack: whiteouts become character devices 0/0, opaque directories get the attribute
//! `trusted.overlay.opaque`. [`write_merged_disk`] makes one disk of several such disks and applies what they hide.
//!
//! A layer that has an entry but not the directories above it does not describe these. On its disk they are root's with mode 0755, and marked; how they are is
//! for the layers below to say, and where they are, should there be a symbolic link. [`Stacking`] tells whether a layer has such.
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
mod stacking;
pub mod tar;
mod turn;
mod whiteout;
mod write;
mod zstd;

pub use error::LayerError;
pub(crate) use inflate::detect;
pub use options::{BlockSize, DiskOptions, LayerLimits};
pub use stacking::{Root, Stacking};
pub(crate) use turn::Ticket;
pub use write::{LayerDiskSummary, MergedDiskSummary, write_directories_disk, write_layer_disk, write_merged_disk};
pub(crate) use zstd::ZstdReader;
