//! What an operation on images tells while it is under way.

use std::time::Duration;

use container_image::{Progress, ProgressEvent};
use container_oci::{Digest, Reference};

/// What the image store calls the thing that it asks a registry for, if it is a blob; the digest follows.
const BLOB_PREFIX: &str = "blob ";

/// Hears events. Called often and from the task that does the work, so it must return at once.
pub trait ImageProgress: Send + Sync {
    /// Something happened.
    fn event(&self, event: ImageEvent);
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageEvent {
    /// The registry is being asked what the reference points at.
    Pulling {
        /// The image.
        reference: Reference,
    },
    /// The image is being sent to its registry.
    Pushing {
        /// The image.
        reference: Reference,
    },
    /// Something happened to one layer, or to another blob of the image.
    Layer {
        /// Digest of the blob.
        digest: Digest,
        /// What happened.
        event: LayerEvent,
    },
    /// A request to a registry failed and will be made again.
    Retrying {
        /// What was asked for, in words.
        what: String,
        /// The blob that was asked for, if it was one.
        blob: Option<Digest>,
        /// Why it failed.
        reason: String,
        /// Time until the next try.
        delay: Duration,
    },
    /// Some of an archive has been read.
    ArchiveRead {
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
    Saved {
        /// Bytes so far.
        read_bytes: u64,
    },
    /// An image has its name in the registry.
    Pushed {
        /// The image.
        reference: Reference,
        /// Digest of what the name points at.
        digest: Digest,
    },
    /// An image has its name in the store.
    Ready {
        /// The image.
        reference: Reference,
        /// Digest of what the name points at.
        digest: Digest,
    },
}

/// Something that happened to a layer. Documents of an image travel like layers, but are not announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerEvent {
    /// It belongs to the image; nothing has been done about it yet.
    Announced {
        /// Size of the blob.
        size_bytes: u64,
    },
    /// Its blob is in the store already.
    Present,
    /// Another process is fetching it; that process is waited for.
    Waiting,
    /// Some of it has arrived.
    Received {
        /// Bytes so far.
        received_bytes: u64,
    },
    /// Its blob is complete and has the right digest.
    Stored,
    /// It is in the store, and no disk is made of it now: it belongs to an image for another machine.
    Kept,
    /// Its disk is ready.
    DiskReady,
    /// Some of it has been sent.
    Sent {
        /// Bytes so far; fewer than before when the connection broke.
        sent_bytes: u64,
    },
    /// The repository that is pushed to has it already.
    OnRegistry,
    /// The registry has taken it from another of its repositories.
    Mounted {
        /// That repository.
        repository: String,
    },
    /// The registry has it now.
    Pushed,
}

/// Passes what the image store tells on to a front end.
pub(super) struct Forwarded<'a>(pub(super) &'a dyn ImageProgress);

impl Progress for Forwarded<'_> {
    fn event(&self, event: ProgressEvent) {
        if let Some(event) = translated(event) {
            self.0.event(event);
        }
    }
}

/// The event in the engine's words, if it has words for it.
fn translated(event: ProgressEvent) -> Option<ImageEvent> {
    let layer = |digest, event| ImageEvent::Layer { digest, event };
    Some(match event {
        ProgressEvent::Resolving { reference } => ImageEvent::Pulling { reference },
        ProgressEvent::Layer { digest, size_bytes } => layer(digest, LayerEvent::Announced { size_bytes }),
        ProgressEvent::LayerPresent { digest } => layer(digest, LayerEvent::Present),
        ProgressEvent::LayerWaiting { digest } => layer(digest, LayerEvent::Waiting),
        ProgressEvent::LayerBytes { digest, received_bytes } => layer(digest, LayerEvent::Received { received_bytes }),
        ProgressEvent::LayerStored { digest } => layer(digest, LayerEvent::Stored),
        ProgressEvent::LayerKept { digest } => layer(digest, LayerEvent::Kept),
        ProgressEvent::DiskReady { layer: digest, .. } => layer(digest, LayerEvent::DiskReady),
        ProgressEvent::Pushing { reference } => ImageEvent::Pushing { reference },
        ProgressEvent::LayerOnRegistry { digest } => layer(digest, LayerEvent::OnRegistry),
        ProgressEvent::LayerMounted { digest, repository } => layer(digest, LayerEvent::Mounted { repository }),
        ProgressEvent::LayerPushing { digest, sent_bytes } => layer(digest, LayerEvent::Sent { sent_bytes }),
        ProgressEvent::LayerPushed { digest } => layer(digest, LayerEvent::Pushed),
        ProgressEvent::ImagePushed { reference, digest } => ImageEvent::Pushed { reference, digest },
        ProgressEvent::Retrying(retry) => ImageEvent::Retrying {
            blob: retry
                .what
                .strip_prefix(BLOB_PREFIX)
                .and_then(|digest| digest.parse().ok()),
            what: retry.what,
            reason: retry.reason,
            delay: retry.delay,
        },
        ProgressEvent::ArchiveBytes { read_bytes } => ImageEvent::ArchiveRead { read_bytes },
        ProgressEvent::MemberSkipped { name } => ImageEvent::MemberSkipped { name },
        ProgressEvent::Saving { size_bytes } => ImageEvent::Saving { size_bytes },
        ProgressEvent::SavingBytes { read_bytes } => ImageEvent::Saved { read_bytes },
        ProgressEvent::ImageReady { reference, digest } => ImageEvent::Ready { reference, digest },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(what: &str) -> ProgressEvent {
        ProgressEvent::Retrying(container_registry::Retry {
            what: what.to_owned(),
            reason: "no answer".to_owned(),
            delay: Duration::from_secs(1),
        })
    }

    #[test]
    fn a_retry_names_the_blob_that_was_asked_for() {
        let digest = Digest::Sha256([7; 32]);
        let blob_of = |event| match translated(event) {
            Some(ImageEvent::Retrying { blob, .. }) => blob,
            other => panic!("{other:?}"),
        };
        assert_eq!(blob_of(retry(&format!("blob {digest}"))), Some(digest));
        assert_eq!(blob_of(retry("tag \"3.99\"")), None);
    }
}
