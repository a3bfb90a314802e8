//! What can go wrong with layer disks.

use container_durable::RecordError;
use container_ext4::ReadError;
use container_oci::{Digest, MediaType};

use crate::content::ContentError;
use crate::layer::LayerError;

/// Why a layer has no disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The disk's record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The layer is not what the image configuration says.
    #[error("layer {blob} is corrupt: it unpacks to {actual}, but the image configuration says {expected}")]
    DiffIdMismatch {
        /// The compressed layer.
        blob: Digest,
        /// Diff id in the configuration.
        expected: Digest,
        /// Digest of what came out.
        actual: Digest,
    },
    /// The media type is not that of a file system layer.
    #[error("layer {blob} has the media type {media_type}, which is no file system layer")]
    MediaType {
        /// The layer.
        blob: Digest,
        /// Its media type.
        media_type: MediaType,
    },
    /// The layer cannot be unpacked.
    #[error("cannot unpack layer {blob}: {}", Chain(source))]
    Unpack {
        /// The compressed layer.
        blob: Digest,
        /// Why.
        source: LayerError,
    },
    /// The disk of a layer cannot be read.
    #[error("cannot read the disk of layer {disk}: {source}")]
    Stack {
        /// The layer's diff id, or the chain id of several.
        disk: Digest,
        /// Why.
        source: ReadError,
    },
    /// The image's lowest layers cannot be put on one disk.
    #[error("cannot merge the lowest {layers} layers: {}", Chain(source))]
    Merge {
        /// How many.
        layers: usize,
        /// Why.
        source: LayerError,
    },
}

/// An error and its causes, in one line.
struct Chain<'a>(&'a LayerError);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
