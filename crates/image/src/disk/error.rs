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

/// An error and its causes, in one line. A cause that the error above it has quoted is not said twice.
struct Chain<'a>(&'a LayerError);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.0.to_string();
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
            cause = error.source();
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn each_cause_is_said_once() {
        let ended = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let error = LayerError::Tar(container_tar::ReadError::Io(ended()));
        assert_eq!(
            Chain(&error).to_string(),
            format!("the layer's tar is malformed: cannot read the tar: {}", ended())
        );
    }
}
