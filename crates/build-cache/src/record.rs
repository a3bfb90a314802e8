//! What is kept of a step.

use container_durable::RecordBody;
use container_oci::{Descriptor, Digest};
use serde::{Deserialize, Serialize};

/// A layer in the image store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedLayer {
    /// The blob, compressed.
    pub descriptor: Descriptor,
    /// Digest of its tar, after which its disk is named.
    pub diff_id: Digest,
}

/// A step that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedStep {
    /// The layer that it made.
    pub layer: CachedLayer,
    /// What it did, for people: `RUN /bin/sh -c make # buildkit`.
    pub description: String,
    /// When it was done, in seconds since 1970.
    pub created_unix_seconds: i64,
}

impl RecordBody for CachedStep {
    const VERSION: u32 = 1;
}

/// A cache that commands mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CachedMount {
    /// Its id, for people; its directory is named after the digest of it.
    pub(crate) id: String,
    /// When it was made, in seconds since 1970.
    pub(crate) created_unix_seconds: i64,
}

impl RecordBody for CachedMount {
    const VERSION: u32 = 1;
}
