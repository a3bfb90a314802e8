//! The log of the workload's output.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::bounded::BoundedLog;
use super::patient::PatientLog;

/// Bound of each of the log's two files, bytes.
const STDIO_LOG_BYTES: u64 = 50 << 20;

/// Standard output and error of all runs of one launcher, as they came. Of much output the latest is kept.
#[derive(Debug)]
pub(crate) struct StdioLog {
    log: Arc<Mutex<PatientLog>>,
}

impl StdioLog {
    /// Begins an empty log.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let log = BoundedLog::begin(path, STDIO_LOG_BYTES)?;
        let log = PatientLog::new(log, "the container's output");
        Ok(Self {
            log: Arc::new(Mutex::new(log)),
        })
    }

    /// Appends. When that fails, as on a full disk, the bytes are not logged and the container goes on.
    pub(crate) async fn append(&self, bytes: &Bytes) {
        let (log, bytes) = (Arc::clone(&self.log), bytes.clone());
        let append = move || log.lock().unwrap_or_else(PoisonError::into_inner).append(&bytes);
        if let Err(error) = spawn_blocking(append).await {
            tracing::warn!(%error, "the container's output is not logged");
        }
    }
}
