//! Reading a container's logs.
//!
//! The log of standard output and error has records of both streams with times, of all starts of the container. Older releases kept the raw
//! bytes of its last start, without times, which can still be read. The machine's console is kept raw as well.

mod details;
mod last_lines;
mod lines;
mod log_file;
mod records;
mod start;
#[cfg(test)]
mod written;

use std::io;
use std::time::Duration;

use container_model::{ContainerId, LogStream};
use container_state::{OutputLogFiles, previous_log};
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use self::lines::LineOptions;
use self::log_file::LogFile;
use self::records::RecordedLog;
use crate::{Engine, EngineError};

pub use self::lines::LogPiece;

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

/// What to read of a log. Times and what stands before lines are of [`LogSource::Stdio`] only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// Which log.
    pub source: LogSource,
    /// Go on until the container has ended.
    pub follow: bool,
    /// Only the last so many lines, empty ones not counted.
    pub tail: Option<usize>,
    /// Only lines that began then or later.
    pub since: Option<OffsetDateTime>,
    /// Only lines that had begun until then.
    pub until: Option<OffsetDateTime>,
    /// Each line begins with its time, as RFC 3339 has it.
    pub timestamps: bool,
    /// Each line begins with what the container was made to say of itself, as `KEY=VALUE,…`.
    pub details: bool,
}

impl LogOptions {
    fn needs_records(&self) -> bool {
        self.timestamps || self.details || self.since.is_some() || self.until.is_some()
    }
}

/// A log being read.
pub struct LogReader {
    engine: Engine,
    id: ContainerId,
    /// Tells the container from a later one of the same name.
    made: OffsetDateTime,
    source: Source,
    until: Option<OffsetDateTime>,
    /// One more look at the log is enough.
    is_last_look: bool,
    /// Nothing more is written.
    is_complete: bool,
    damaged_bytes: u64,
}

enum Source {
    Raw(LogFile),
    /// `None` while it is being read.
    Records(Option<RecordedLog>),
}

impl Engine {
    /// Opens a container's log.
    ///
    /// # Errors
    /// [`EngineError::ContainerNotFound`]; [`EngineError::NoLog`] when its output is not kept; [`EngineError::OldLog`] when it was kept by an
    /// older release, without what was asked for; [`EngineError::Log`] when it cannot be read.
    pub async fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogReader, EngineError> {
        let view = self.load(id)?;
        let (is_complete, config) = (!view.is_live(), view.config);
        let bundle = self.containers.bundle(id);
        let (follow, until) = (options.follow, options.until);
        let old_log = bundle.stdio_log();
        let failed = |source| EngineError::Log { id: id.clone(), source };
        let source = match options.source {
            LogSource::Boot => Source::Raw(LogFile::open(bundle.boot_log(), options.tail).await.map_err(failed)?),
            LogSource::Stdio if config.options.log.bounds().is_none() => {
                return Err(EngineError::NoLog { id: id.clone() });
            }
            LogSource::Stdio if old_log.exists() || previous_log(&old_log).exists() => {
                if options.needs_records() {
                    return Err(EngineError::OldLog { id: id.clone() });
                }
                Source::Raw(LogFile::open(old_log, options.tail).await.map_err(failed)?)
            }
            LogSource::Stdio => {
                let lines = LineOptions {
                    since: options.since,
                    until,
                    timestamps: options.timestamps,
                    details: options.details.then(|| details::details(&config)),
                };
                let files = OutputLogFiles::new(bundle.output_log());
                let log = blocking(move || RecordedLog::open(files, lines, options.tail)).await;
                Source::Records(Some(log.map_err(failed)?))
            }
        };
        Ok(LogReader {
            engine: self.clone(),
            id: id.clone(),
            made: config.created,
            source,
            until,
            is_last_look: !follow,
            is_complete,
            damaged_bytes: 0,
        })
    }
}

impl LogReader {
    /// The next bytes of the log, in their order; none at its end. A log that is followed goes on with the next start of the container.
    ///
    /// # Errors
    /// [`EngineError::Log`].
    pub async fn next(&mut self) -> Result<Vec<LogPiece>, EngineError> {
        loop {
            let pieces = self.read().await.map_err(|source| EngineError::Log {
                id: self.id.clone(),
                source,
            })?;
            if !pieces.is_empty() || self.is_last_look {
                return Ok(pieces);
            }
            // The log is complete before the record says so: one more read after the container was seen to have ended finds the rest.
            self.is_complete = self.container_has_ended();
            self.is_last_look = self.is_complete || self.is_past();
            if !self.is_last_look {
                tokio::time::sleep(FOLLOW_INTERVAL).await;
            }
        }
    }

    /// How many bytes of the log were left out since this was asked last, because they are no records: a launcher was killed, or power
    /// failed, while it wrote them.
    pub fn take_damaged_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.damaged_bytes)
    }

    async fn read(&mut self) -> io::Result<Vec<LogPiece>> {
        match &mut self.source {
            Source::Raw(file) => Ok(Vec::from_iter(file.read().await?.map(|bytes| LogPiece {
                stream: LogStream::Stdout,
                bytes,
            }))),
            Source::Records(slot) => {
                let Some(mut log) = slot.take() else {
                    return Err(io::Error::other("an earlier read was interrupted"));
                };
                let is_complete = self.is_complete;
                let (log, read) = blocking(move || {
                    let read = log.read(is_complete);
                    Ok((log, read))
                })
                .await?;
                let log = slot.insert(log);
                self.damaged_bytes += log.take_damaged_bytes();
                read
            }
        }
    }

    /// Whether nothing more will be of a time that was asked for.
    fn is_past(&self) -> bool {
        let log_is_past = matches!(&self.source, Source::Records(Some(log)) if log.is_past());
        log_is_past || self.until.is_some_and(|until| OffsetDateTime::now_utc() > until)
    }

    fn container_has_ended(&self) -> bool {
        match self.engine.load(&self.id) {
            Ok(view) => !view.is_live() || view.config.created != self.made,
            Err(_) => true,
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}
