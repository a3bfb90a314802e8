//! What the caller decides about the backend.

use std::path::PathBuf;

/// How to find what machines boot.
#[derive(Debug, Clone, Default)]
pub struct VzOptions {
    /// Directories with kernels, the first that has one wins.
    pub asset_directories: Vec<PathBuf>,
}

impl VzOptions {
    /// With kernels in these directories.
    #[must_use]
    pub fn new(asset_directories: Vec<PathBuf>) -> Self {
        Self { asset_directories }
    }
}
