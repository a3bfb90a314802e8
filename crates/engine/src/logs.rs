//! Reading a container's logs.
//!
//! The log of standard output and error is the raw bytes of the last start, in the order in which they arrived.

mod last_lines;
mod log_file;

use std::time::Duration;

use bytes::Bytes;
use container_model::ContainerId;
use time::OffsetDateTime;

use self::log_file::LogFile;
use crate::{Engine, EngineError};

/// How often a followed log is looked at again.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogSource {
    /// Standard output and error of the first process.
    #[default]
    Stdio,
    /// The machine's console: kernel and guest agent.
    Boot,
}

/// What to read of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// Which log.
    pub source: LogSource,
    /// Go on until the container has ended.
    pub follow: bool,
    /// Only the last so many lines, empty ones not counted.
    pub lines: Option<usize>,
}

/// A log being read.
pub struct LogReader {
    engine: Engine,
    id: ContainerId,
    /// Tells the container from a later one of the same name.
    made: OffsetDateTime,
    file: LogFile,
    follow: bool,
    /// The container was seen to have ended: one more look at the file is enough.
    ended: bool,
}

impl Engine {
    /// Opens a container's log.
    ///
    /// # Errors
    /// [`EngineError::ContainerNotFound`]; [`EngineError::Log`] when the log cannot be read.
    pub async fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogReader, EngineError> {
        let made = self.load(id)?.config.created;
        let bundle = self.containers.bundle(id);
        let path = match options.source {
            LogSource::Stdio => bundle.stdio_log(),
            LogSource::Boot => bundle.boot_log(),
        };
        let opened = LogFile::open(path, options.lines).await;
        Ok(LogReader {
            engine: self.clone(),
            id: id.clone(),
            made,
            file: opened.map_err(|source| EngineError::Log { id: id.clone(), source })?,
            follow: options.follow,
            ended: false,
        })
    }
}

impl LogReader {
    /// The next bytes of the log, `None` at its end. A log that is followed goes on with the next start of the container.
    ///
    /// # Errors
    /// [`EngineError::Log`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, EngineError> {
        loop {
            let read = self.file.read().await.map_err(|source| EngineError::Log {
                id: self.id.clone(),
                source,
            })?;
            if read.is_some() || !self.follow || self.ended {
                return Ok(read);
            }
            // The log is complete before the record says so: one more read after the container was seen to have ended finds the rest.
            self.ended = match self.engine.load(&self.id) {
                Ok(view) => !view.is_live() || view.config.created != self.made,
                Err(_) => true,
            };
            if !self.ended {
                tokio::time::sleep(FOLLOW_INTERVAL).await;
            }
        }
    }
}
