//! What is in a directory of the store.

use std::path::{Path, PathBuf};

use super::ContentError;

/// The paths in a directory.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, ContentError> {
    let failed = |source| ContentError::io("list", dir, source);
    std::fs::read_dir(dir)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}
