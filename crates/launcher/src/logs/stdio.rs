//! The log of the workload's output.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::bounded::BoundedLog;

/// Bound of each of the log's two files, bytes.
const STDIO_LOG_BYTES: u64 = 50 << 20;

/// Standard output and error of all runs of one launcher, as they came. Of much output the latest is kept.
#[derive(Debug)]
pub(crate) struct StdioLog {
    /// `None` once it could not be written.
    log: Mutex<Option<Arc<Mutex<BoundedLog>>>>,
}

impl StdioLog {
    /// Begins an empty log.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let log = BoundedLog::begin(path, STDIO_LOG_BYTES)?;
        Ok(Self {
            log: Mutex::new(Some(Arc::new(Mutex::new(log)))),
        })
    }

    /// Appends. When that fails, as on a full disk, the log ends and the container goes on.
    pub(crate) async fn append(&self, bytes: &Bytes) {
        let Some(log) = self.lock().clone() else { return };
        let bytes = bytes.clone();
        let written = spawn_blocking(move || log.lock().unwrap_or_else(PoisonError::into_inner).append(&bytes)).await;
        if let Err(error) = written.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            tracing::warn!(%error, "the container's output is not logged any more");
            *self.lock() = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Mutex<BoundedLog>>>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
