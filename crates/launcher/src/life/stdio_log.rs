//! The log of the workload's output.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

/// Standard output and error of the last start, as they came.
pub(crate) struct StdioLog {
    file: Option<Arc<File>>,
}

impl StdioLog {
    /// Begins an empty log.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        // Another file: whoever follows the log reads the old one to its end and sees that there is a new one.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self {
            file: Some(Arc::new(file)),
        })
    }

    /// Appends; a full disk costs the log, not the container.
    pub(crate) async fn append(&mut self, bytes: &Bytes) {
        let Some(file) = self.file.clone() else { return };
        let bytes = bytes.clone();
        let written = spawn_blocking(move || (&*file).write_all(&bytes)).await;
        if let Err(error) = written.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            tracing::warn!(%error, "the container's output is not logged any more");
            self.file = None;
        }
    }
}
