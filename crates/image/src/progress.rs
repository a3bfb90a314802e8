//! What a pull, push or load tells while it is under way.

use container_oci::{Digest, Reference};
use container_registry::Retry;

/// Receives events. Called often and from the task that does the work, so it must return at once.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: ProgressEvent);
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgressEvent {
    /// The registry is being asked what the reference points at.
    Resolving {
        /// The image.
        reference: Reference,
    },
    /// The image has this layer; the work on it has not begun.
    Layer {
        /// Digest of the layer's blob.
        digest: Digest,
        /// Size of the blob.
        size_bytes: u64,
    },
    /// The layer's blob is in the store already.
    LayerPresent {
        /// Digest of the layer's blob.
        digest: Digest,
    },
    /// Another process is fetching the same layer; it is waited for.
    LayerWaiting {
        /// Digest of the layer's blob.
        digest: Digest,
    },
    /// Some of the layer has arrived.
    LayerBytes {
        /// Digest of the layer's blob.
        digest: Digest,
        /// Bytes so far.
        received_bytes: u64,
    },
    /// The layer's blob is complete and has the right digest.
    LayerStored {
        /// Digest of the layer's blob.
        digest: Digest,
    },
    /// The layer is in the store, and no disk is made of it now: it belongs to an image for another machine.
    LayerKept {
        /// Digest of the layer's blob.
        digest: Digest,
    },
    /// The image is being sent to its registry.
    Pushing {
        /// The image.
        reference: Reference,
    },
    /// The repository that is pushed to has the blob already.
    LayerOnRegistry {
        /// Digest of the blob.
        digest: Digest,
    },
    /// The registry has taken the blob from another of its repositories.
    LayerMounted {
        /// Digest of the blob.
        digest: Digest,
        /// That repository.
        repository: String,
    },
    /// Some of the blob has been sent.
    LayerPushing {
        /// Digest of the blob.
        digest: Digest,
        /// Bytes so far; fewer than before when the connection broke.
        sent_bytes: u64,
    },
    /// The registry has the blob now.
    LayerPushed {
        /// Digest of the blob.
        digest: Digest,
    },
    /// An image has its name in the registry.
    ImagePushed {
        /// The image.
        reference: Reference,
        /// Digest of what the name points at.
        digest: Digest,
    },
    /// A request failed and will be made again.
    Retrying(Retry),
    /// Some of an archive has been read.
    ArchiveBytes {
        /// Bytes so far, as in the file.
        read_bytes: u64,
    },
    /// A member of an archive has been passed over, because its name is unsafe.
    MemberSkipped {
        /// The name, as it is in the archive.
        name: String,
    },
    /// An archive is being written.
    Saving {
        /// Bytes of the blobs that go into it; `None` when they are written in another form.
        size_bytes: Option<u64>,
    },
    /// Some of what goes into an archive has been read.
    SavingBytes {
        /// Bytes so far.
        read_bytes: u64,
    },
    /// A layer disk is ready.
    DiskReady {
        /// Digest of the layer's blob.
        layer: Digest,
        /// Digest of the uncompressed layer.
        diff_id: Digest,
    },
    /// An image has its name in the store.
    ImageReady {
        /// The image.
        reference: Reference,
        /// Digest of what the name points at.
        digest: Digest,
    },
}

/// Ignores all events.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn event(&self, _: ProgressEvent) {}
}
