//! Where things are below the app root. Names of files are made from digests and from our own ids only.

use std::path::{Path, PathBuf};

use container_durable::create_private_dir;
use container_oci::{Algorithm, Digest};

use super::ContentError;

/// Extension of an unfinished download.
pub(super) const PARTIAL_EXTENSION: &str = "partial";

/// The directories and files of one store.
#[derive(Debug, Clone)]
pub(crate) struct StorePaths {
    root: PathBuf,
}

impl StorePaths {
    /// Paths below `root`; makes the directories that are missing.
    pub(crate) fn create(root: &Path) -> Result<Self, ContentError> {
        let paths = Self { root: root.to_owned() };
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            create_private_dir(&paths.blob_dir(algorithm))?;
        }
        create_private_dir(&paths.ingest_dir())?;
        // On a full disk it could not be made when it is needed.
        create_private_dir(&paths.trash_dir())?;
        create_private_dir(&paths.layer_dir())?;
        Ok(paths)
    }

    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blob_dir(digest.algorithm()).join(digest.hex())
    }

    pub(crate) fn blob_dir(&self, algorithm: Algorithm) -> PathBuf {
        self.root.join("content/blobs").join(algorithm.name())
    }

    /// See [`super::OpenGate`]; never removed.
    pub(crate) fn gate(&self) -> PathBuf {
        self.root.join("content/gate.lock")
    }

    /// The trash: files that are no longer in the store and are about to be removed.
    pub(crate) fn trash_dir(&self) -> PathBuf {
        self.root.join("content/trash")
    }

    /// The lock of the operation that fills and empties the trash; never removed.
    pub(crate) fn trash_lock(&self) -> PathBuf {
        self.root.join("content/trash.lock")
    }

    pub(crate) fn ingest_dir(&self) -> PathBuf {
        self.root.join("content/ingest")
    }

    /// The lock of the operation that writes the blob; removed afterwards.
    pub(crate) fn blob_lock(&self, digest: &Digest) -> PathBuf {
        self.ingest_dir().join(format!("{}.blob-lock", digest.hex()))
    }

    /// What has been downloaded of a blob. Written by the holder of the blob's lock; it stays when the holder ends.
    pub(crate) fn partial(&self, digest: &Digest) -> PathBuf {
        let name = format!("{}-{}.{PARTIAL_EXTENSION}", digest.algorithm().name(), digest.hex());
        self.ingest_dir().join(name)
    }

    pub(crate) fn layer_dir(&self) -> PathBuf {
        self.root.join("layers")
    }

    pub(crate) fn disk(&self, diff_id: &Digest) -> PathBuf {
        self.layer_dir().join(format!("{}.ext4", diff_id.hex()))
    }

    pub(crate) fn disk_record(&self, diff_id: &Digest) -> PathBuf {
        self.layer_dir().join(format!("{}.json", diff_id.hex()))
    }

    /// The lock of the operation that makes the layer's disk; removed afterwards.
    pub(crate) fn disk_lock(&self, diff_id: &Digest) -> PathBuf {
        self.ingest_dir().join(format!("{}.disk-lock", diff_id.hex()))
    }

    pub(crate) fn catalog(&self) -> PathBuf {
        self.root.join("images.json")
    }

    pub(crate) fn catalog_lock(&self) -> PathBuf {
        self.root.join("images.lock")
    }
}
