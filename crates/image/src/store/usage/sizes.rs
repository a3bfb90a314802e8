//! The disk space of the store's files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use container_oci::{Algorithm, Digest};

use super::super::collect::digest_of;
use crate::content::{ContentError, StorePaths, allocated_bytes, entries};

/// Bytes by digest.
pub(super) type Sizes = BTreeMap<Digest, u64>;

/// Bytes of the blobs and the layer disks, each file looked at once.
#[derive(Debug, Default)]
pub(super) struct FileSizes {
    files: BTreeMap<PathBuf, u64>,
    pub(super) blobs: Sizes,
    /// The disks, each with what is written beside it.
    pub(super) disks: Sizes,
}

impl FileSizes {
    pub(super) fn read(paths: &StorePaths) -> Result<Self, ContentError> {
        let algorithms = [Algorithm::Sha256, Algorithm::Sha512];
        let mut sizes = Self::default();
        for algorithm in algorithms {
            for file in entries(&paths.blob_dir(algorithm))? {
                let size_bytes = allocated_bytes(&file);
                if let Some(digest) = digest_of(algorithm, file.file_name()) {
                    sizes.blobs.insert(digest, size_bytes);
                }
                sizes.files.insert(file, size_bytes);
            }
        }
        for file in entries(&paths.layer_dir())? {
            let size_bytes = allocated_bytes(&file);
            let digest = |algorithm| digest_of(algorithm, file.file_stem());
            if let Some(digest) = algorithms.into_iter().find_map(digest) {
                *sizes.disks.entry(digest).or_default() += size_bytes;
            }
            sizes.files.insert(file, size_bytes);
        }
        Ok(sizes)
    }

    /// Bytes of one file; nothing of one that was not there.
    pub(super) fn of(&self, file: &Path) -> u64 {
        self.files.get(file).copied().unwrap_or_default()
    }

    /// Bytes of all files.
    pub(super) fn total_bytes(&self) -> u64 {
        self.files.values().sum()
    }
}

/// Bytes of what is in the directory, which need not be there.
pub(super) fn contents_bytes(dir: &Path) -> Result<u64, ContentError> {
    if !dir.is_dir() {
        return Ok(0);
    }
    Ok(entries(dir)?.iter().map(|file| allocated_bytes(file)).sum())
}
