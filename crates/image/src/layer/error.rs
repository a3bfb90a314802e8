//! Why a layer did not become a disk.

use std::io;
use std::path::PathBuf;

use container_ext4::WriteError;
use container_oci::LayerCompression;

/// Why [`super::write_layer_disk`] or [`super::write_merged_disk`] failed. The disk is then incomplete and must be thrown away.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The compressed bytes could not be read, or do not decompress.
    #[error("cannot read the layer")]
    Read(#[source] io::Error),
    /// Neither compressed in a known way nor a tar.
    #[error("the layer is declared as {declared:?}, but is neither that nor a plain tar")]
    NotAsDeclared {
        /// What its media type says.
        declared: LayerCompression,
    },
    /// More bytes than [`super::LayerLimits::uncompressed_bytes`].
    #[error("the layer's tar is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The tar is malformed.
    #[error("the layer's tar is malformed")]
    Tar(#[from] container_tar::ReadError),
    /// An entry cannot be put on the disk, or the disk cannot be written.
    #[error("cannot write the layer's disk")]
    Disk(#[from] WriteError),
    /// A whiteout of nothing, or of `.` or `..`.
    #[error("invalid whiteout \"{}\"", .path.escape_ascii())]
    InvalidWhiteout {
        /// Path of the whiteout.
        path: Vec<u8>,
    },
    /// The paths of whiteouts exceed [`super::LayerLimits::whiteout_bytes`].
    #[error("the layer removes too much: the names of what it removes take more than {limit_bytes} bytes")]
    TooManyWhiteouts {
        /// The limit.
        limit_bytes: u64,
    },
    /// The scratch file could not be made.
    #[error("cannot make a temporary file in {}", .directory.display())]
    Scratch {
        /// Where it should be.
        directory: PathBuf,
        /// Why it cannot.
        source: io::Error,
    },
}

impl LayerError {
    /// Whether the layer fits a disk with blocks of 4 KiB but not one with smaller ones: it has a link target or names of attributes longer than those.
    #[must_use]
    pub fn needs_larger_blocks(&self) -> bool {
        matches!(self, Self::Disk(WriteError::BlocksTooSmall { .. }))
    }
}
