//! What files on the disk tell of something that was fetched.

use std::path::Path;
use std::time::SystemTime;

/// Where something is from, and since when it is here; each as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    pub(crate) url: Option<String>,
    pub(crate) created: Option<SystemTime>,
    pub(crate) last_used: Option<SystemTime>,
}

/// When a file was written last, where the file system tells.
pub(crate) fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|found| found.modified()).ok()
}
