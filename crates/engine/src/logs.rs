//! Reading a container's logs.
//!
//! The log of standard output and error is the raw bytes of the last start, in the order in which they arrived.

use std::io::{self, SeekFrom};
use std::time::Duration;

use bytes::Bytes;
use container_model::ContainerId;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

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
    file: File,
    follow: bool,
    /// The container was seen to have ended: one more look at the file is enough.
    ended: bool,
}

impl Engine {
    /// Opens a container's log.
    ///
    /// # Errors
    /// [`EngineError::NoSuchContainer`]; [`EngineError::Log`] when the log cannot be read.
    pub async fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogReader, EngineError> {
        let bundle = self.bundle(id)?;
        let path = match options.source {
            LogSource::Stdio => bundle.stdio_log(),
            LogSource::Boot => bundle.boot_log(),
        };
        let error = |source| EngineError::Log { id: id.clone(), source };
        let mut file = match File::open(&path).await {
            Ok(file) => file,
            // Never started: the log is empty rather than an error.
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                File::open("/dev/null").await.map_err(error)?
            }
            Err(other) => return Err(error(other)),
        };
        if let Some(lines) = options.lines {
            seek_to_last_lines(&mut file, lines).await.map_err(error)?;
        }
        Ok(LogReader {
            engine: self.clone(),
            id: id.clone(),
            file,
            follow: options.follow,
            ended: false,
        })
    }
}

impl LogReader {
    /// The next bytes of the log, `None` at its end.
    ///
    /// # Errors
    /// [`EngineError::Log`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, EngineError> {
        let error = |source| EngineError::Log {
            id: self.id.clone(),
            source,
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = self.file.read(&mut chunk).await.map_err(error)?;
            if count > 0 {
                chunk.truncate(count);
                return Ok(Some(chunk.into()));
            }
            if !self.follow || self.ended {
                return Ok(None);
            }
            // The log is complete before the record says so, hence one more read after the container was seen to have ended.
            self.ended = !self.engine.find(self.id.as_str()).is_ok_and(|view| view.is_live());
            if !self.ended {
                tokio::time::sleep(FOLLOW_INTERVAL).await;
            }
        }
    }
}

/// Moves to the beginning of the last `lines` lines that are not empty, reading backwards.
async fn seek_to_last_lines(file: &mut File, lines: usize) -> io::Result<()> {
    let mut position = file.seek(SeekFrom::End(0)).await?;
    if lines == 0 {
        return Ok(());
    }
    let mut found = 0;
    let mut line_has_text = false;
    while position > 0 {
        let start = position.saturating_sub(CHUNK_BYTES as u64);
        let mut chunk = vec![0; usize::try_from(position - start).unwrap_or(CHUNK_BYTES)];
        file.seek(SeekFrom::Start(start)).await?;
        file.read_exact(&mut chunk).await?;
        for (offset, byte) in chunk.iter().enumerate().rev() {
            if *byte != b'\n' {
                line_has_text |= *byte != b'\r';
                continue;
            }
            if line_has_text {
                found += 1;
                line_has_text = false;
            }
            if found == lines {
                file.seek(SeekFrom::Start(start + offset as u64 + 1)).await?;
                return Ok(());
            }
        }
        position = start;
    }
    file.seek(SeekFrom::Start(0)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn last(text: &[u8], lines: usize) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut log = tempfile::NamedTempFile::new().unwrap();
            log.write_all(text).unwrap();
            let mut file = File::open(log.path()).await.unwrap();
            seek_to_last_lines(&mut file, lines).await.unwrap();
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).await.unwrap();
            rest
        })
    }

    #[test]
    fn last_lines_do_not_count_empty_ones() {
        assert_eq!(last(b"a\n\nb\n", 1), b"b\n");
        assert_eq!(last(b"a\n\nb\n", 2), b"a\n\nb\n");
        assert_eq!(last(b"a\nb", 1), b"b");
        assert_eq!(last(b"a\n", 0), b"");
        assert_eq!(last(b"a\n", 9), b"a\n");
    }

    #[test]
    fn lines_are_found_across_chunks() {
        let long = vec![b'x'; CHUNK_BYTES + 10];
        let text = [b"first\n".as_slice(), &long, b"\nlast\n"].concat();
        assert_eq!(last(&text, 1), b"last\n");
        assert_eq!(last(&text, 2), text[6..]);
    }
}
