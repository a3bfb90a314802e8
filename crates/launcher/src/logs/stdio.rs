//! The log of the workload's output.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use container_model::{LogBounds, LogStream};
use container_state::{Bundle, OutputLogFiles, previous_log};
use tokio::task::spawn_blocking;

use super::patient::PatientLog;
use super::record_log::RecordLog;

/// Standard output and error of all runs of a container, as they came. Of much output the latest is kept.
#[derive(Debug)]
pub(crate) struct StdioLog {
    log: Arc<Mutex<PatientLog<RecordLog>>>,
}

impl StdioLog {
    /// Goes on with the log of earlier starts. One that an older release has kept, of its last start only, is removed.
    pub(crate) fn open(bundle: &Bundle, bounds: LogBounds) -> io::Result<Self> {
        let old = bundle.stdio_log();
        for old in [previous_log(&old), old] {
            match std::fs::remove_file(old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let log = RecordLog::open(OutputLogFiles::new(bundle.output_log()), bounds)?;
        let log = PatientLog::new(log, "the container's output");
        Ok(Self {
            log: Arc::new(Mutex::new(log)),
        })
    }

    /// Says that what is appended next is another run's.
    pub(crate) async fn begin_run(&self) {
        self.with(|log| log.log().begin_run()).await;
    }

    /// Appends. When that fails, as on a full disk, the bytes are not logged and the container goes on.
    pub(crate) async fn append(&self, stream: LogStream, bytes: &Bytes) {
        let (bytes, time_ns) = (bytes.clone(), now_ns());
        self.with(move |log| log.append(bytes.len(), |log| log.append(stream, time_ns, &bytes)))
            .await;
    }

    async fn with(&self, act: impl FnOnce(&mut PatientLog<RecordLog>) + Send + 'static) {
        let log = Arc::clone(&self.log);
        let act = move || act(&mut log.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(error) = spawn_blocking(act).await {
            tracing::warn!(%error, "the container's output is not logged");
        }
    }
}

/// Nanoseconds since the epoch; a clock that is before it is at it.
fn now_ns() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
