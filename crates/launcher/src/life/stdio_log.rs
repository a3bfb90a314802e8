//! The log of the workload's output.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::bounded_log::BoundedLog;

/// Bound of each of the log's two files, bytes.
pub(crate) const STDIO_LOG_BYTES: u64 = 50 << 20;

/// Standard output and error since the container was started, as they came; the latest of it when it was much. Clones write to one
/// log.
#[derive(Clone)]
pub(crate) struct StdioLog {
    log: Option<Arc<Mutex<BoundedLog>>>,
}

impl StdioLog {
    /// Begins an empty log.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        Ok(Self {
            log: Some(Arc::new(Mutex::new(BoundedLog::begin(path, STDIO_LOG_BYTES)?))),
        })
    }

    /// Appends; a full disk costs the log, not the container.
    pub(crate) async fn append(&mut self, bytes: &Bytes) {
        let Some(log) = self.log.clone() else { return };
        let bytes = bytes.clone();
        let written = spawn_blocking(move || log.lock().unwrap_or_else(PoisonError::into_inner).append(&bytes)).await;
        if let Err(error) = written.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            tracing::warn!(%error, "the container's output is not logged any more");
            self.log = None;
        }
    }
}
