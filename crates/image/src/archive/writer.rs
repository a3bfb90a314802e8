//! Writing archives: where the bytes go, in what form, and that they are the right ones.
//!
//! What is written depends on the images alone: members come in a fixed order, with all times zero. Every blob is hashed once
//! more on its way out, so a damaged store gives an error and not a damaged archive.

mod directory;
mod docker;
mod file;
mod oci;
mod stored;
mod tar;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use container_oci::{Descriptor, Digest, ImageConfig, Manifest, Reference};

pub(crate) use directory::PendingDirectory;
pub(crate) use docker::write_docker;
pub use file::Output;
pub(crate) use oci::write_oci;
pub(crate) use tar::TarSink;

use crate::content::ContentError;

/// An image on its way out.
#[derive(Debug)]
pub(crate) struct OutgoingImage {
    /// Its name.
    pub(crate) reference: Reference,
    /// The index or manifest that stands for it.
    pub(crate) root: Descriptor,
    /// Every blob that belongs to it, children before parents.
    pub(crate) parts: Vec<Descriptor>,
    /// The image that a reader without a notion of indexes gets.
    pub(crate) plain: Option<(Manifest, ImageConfig)>,
}

/// Why an archive could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteFailure {
    /// A blob could not be read, or is not what it should be.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The place written to.
    #[error(transparent)]
    Output(std::io::Error),
    /// A document could not be encoded.
    #[error(transparent)]
    Encode(#[from] serde_json::Error),
    /// A layer cannot be unpacked.
    #[error("cannot unpack a layer: {0}")]
    Unpack(std::io::Error),
    /// A layer does not unpack to what the image configuration says.
    #[error("layer {blob} is corrupt: it unpacks to {actual}, but the image configuration says {expected}")]
    DiffId {
        /// The layer.
        blob: Digest,
        /// Diff id in the configuration.
        expected: Digest,
        /// Digest of what came out.
        actual: Digest,
    },
    /// A layer unpacks to more than any layer may.
    #[error("layer {blob} unpacks to more than {limit_bytes} bytes")]
    TooLarge {
        /// The layer.
        blob: Digest,
        /// The limit.
        limit_bytes: u64,
    },
}

/// An archive in the making.
pub(crate) trait Sink {
    /// Adds a file of exactly `size_bytes`; `content` fails when it has less or more.
    fn file(&mut self, name: &str, size_bytes: u64, content: &mut dyn Read) -> Result<(), WriteFailure>;

    /// Adds a small file.
    fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteFailure> {
        self.file(name, bytes.len() as u64, &mut &*bytes)
    }
}

/// What the writing thread and its caller share: how many bytes have been read, and whether the caller still waits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    is_alone: AtomicBool,
    read_bytes: AtomicU64,
}

impl Watch {
    /// The caller has stopped waiting.
    pub(crate) fn leave(&self) {
        self.0.is_alone.store(true, Ordering::Relaxed);
    }

    /// Bytes of blobs that the writer has read.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.0.read_bytes.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.read_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), ContentError> {
        match self.0.is_alone.load(Ordering::Relaxed) {
            true => Err(ContentError::WorkerLost),
            false => Ok(()),
        }
    }
}

/// Copies all of `content` to `write`. What went wrong with the content is told from what went wrong with the output.
fn copy(content: &mut dyn Read, mut write: impl FnMut(&[u8]) -> std::io::Result<()>) -> Result<u64, WriteFailure> {
    let mut buffer = vec![0; 256 * 1024];
    let mut copied = 0;
    loop {
        let count = match content.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(stored::failure(error)),
        };
        write(&buffer[..count]).map_err(WriteFailure::Output)?;
        copied += count as u64;
    }
}
