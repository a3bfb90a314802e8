//! Layer disks: from a layer's compressed tar to a read-only EXT4 image, in one pass, without a temporary tree, a mount or privileges.
//!
//! [`write_layer_disk`] makes the disk of one layer, for overlayfs to stack: whiteouts become character devices 0/0, opaque directories get the attribute
//! `trusted.overlay.opaque`. [`write_merged_disk`] makes one disk of several such disks and applies their whiteouts and opaque directories.
//!
//! A layer may have an entry without describing its parent directories. On the layer's disk these belong to root, have mode 0755 and are marked. Their metadata is
//! that of the lower layers; where a lower layer has a symbolic link of the name, they stand for its target. [`Stacking`] tells whether a layer has such directories.
//!
//! The disk depends on the tar's bytes alone. No path in a tar leads out of the image's root, and memory is bounded ([`LayerLimits`]): a few
//! megabytes, and up to 28 bytes for each entry; names and metadata wait in an unlinked scratch file.

mod apply;
mod chunk;
mod error;
mod inflate;
mod options;
mod pipeline;
mod scratch;
mod stacking;
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
