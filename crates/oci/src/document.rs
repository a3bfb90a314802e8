//! The JSON documents of an image: index, manifest and configuration.
//!
//! The size of a document is checked before it is parsed, the form of digests while it is parsed. `null` and an empty text count as a
//! missing value wherever Go programs write them for one.

mod config;
mod descriptor;
mod empty;
mod lenient;
mod manifest;

pub use config::{HealthCheck, History, ImageConfig, ProcessDefaults};
pub use descriptor::Descriptor;
pub use empty::Empty;
pub use manifest::{Document, Index, Manifest};

/// The largest manifest or index that is read. Registries refuse larger ones (distribution-spec, "Pushing Manifests": 4 MiB).
pub const MANIFEST_LIMIT_BYTES: u64 = 4 * 1024 * 1024;
/// The largest image configuration that is read: room for thousands of history entries.
pub const CONFIG_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// Annotation keys that are read or written.
pub mod annotation {
    /// The full name of an image: in archives that Apple's `container` writes, and in the descriptors that it shows.
    pub const APPLE_IMAGE_NAME: &str = "com.apple.containerization.image.name";
    /// The full name of an image in an archive (containerd, Docker, BuildKit).
    pub const IMAGE_NAME: &str = "io.containerd.image.name";
    /// When an image was made.
    pub const CREATED: &str = "org.opencontainers.image.created";
    /// The tag of an image in a layout; some writers put the full name here (image-spec `annotations.md`).
    pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
    /// The kind of a manifest in an index that is not an image: `attestation-manifest` (BuildKit).
    pub const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
    /// The digest of the image that such a manifest is about (BuildKit).
    pub const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
}

/// Why bytes are not a valid document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Larger than the limit for its kind.
    #[error("it has {size_bytes} bytes, more than the {limit_bytes} allowed")]
    TooLarge {
        /// Size found.
        size_bytes: u64,
        /// Limit for the kind.
        limit_bytes: u64,
    },
    /// Not JSON, or not of the right shape.
    #[error("it is not a valid document: {0}")]
    Json(#[from] serde_json::Error),
    /// Not schema version 2.
    #[error(
        "its schema version is {found}, only 2 is supported; whoever made the image has to push it again with a current tool"
    )]
    SchemaVersion {
        /// Version found.
        found: u32,
    },
    /// Neither an index nor an image manifest.
    #[error("it is neither an image manifest nor an index (media type {media_type:?})")]
    Kind {
        /// Media type found, or empty.
        media_type: String,
    },
    /// An index where a manifest belongs, or the other way round.
    #[error("it is something else than it is listed as: its media type is {media_type}")]
    OtherKind {
        /// Media type found.
        media_type: String,
    },
}

fn bounded(bytes: &[u8], limit_bytes: u64) -> Result<&[u8], DocumentError> {
    let size_bytes = bytes.len() as u64;
    if size_bytes > limit_bytes {
        Err(DocumentError::TooLarge {
            size_bytes,
            limit_bytes,
        })
    } else {
        Ok(bytes)
    }
}
