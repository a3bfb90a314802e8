//! A log file that grows while it is read, begins anew, or is not there yet.

use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::CHUNK_BYTES;
use super::last_lines::seek_to_last_lines;

/// A log and how far it was read.
pub(super) struct LogFile {
    path: PathBuf,
    /// `None` until there is one: a container that was never started has an empty log.
    file: Option<File>,
    /// Bytes of it that were read or skipped.
    position: u64,
    /// The file that has its place by now.
    successor: Option<File>,
}

impl LogFile {
    /// Opens the log at `path`, at its beginning or before its last `lines` lines.
    pub(super) async fn open(path: PathBuf, lines: Option<usize>) -> io::Result<Self> {
        let mut file = open_if_there(&path).await?;
        let mut position = 0;
        if let (Some(file), Some(lines)) = (&mut file, lines) {
            seek_to_last_lines(file, lines).await?;
            position = file.stream_position().await?;
        }
        Ok(Self {
            path,
            file,
            position,
            successor: None,
        })
    }

    /// The next bytes; `None` at the end of what there is by now. A file that was emptied, or replaced by another one, is read
    /// from its beginning once the old one was read to its end.
    pub(super) async fn read(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(file) = &mut self.file {
                let mut chunk = vec![0; CHUNK_BYTES];
                let count = file.read(&mut chunk).await?;
                if count > 0 {
                    chunk.truncate(count);
                    self.position += count as u64;
                    return Ok(Some(chunk.into()));
                }
            }
            if let Some(successor) = self.successor.take() {
                (self.file, self.position) = (Some(successor), 0);
            } else if !self.begins_anew().await? {
                return Ok(None);
            }
        }
    }

    /// Whether there is more to be read: the file from its beginning, or another one after what was written to this one meanwhile.
    async fn begins_anew(&mut self) -> io::Result<bool> {
        let identity = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
        let named = match tokio::fs::metadata(&self.path).await {
            Ok(metadata) => metadata,
            // With its container, or between two starts.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if let Some(file) = &mut self.file {
            let open = file.metadata().await?;
            if identity(&open) == identity(&named) {
                if open.len() >= self.position {
                    return Ok(false);
                }
                file.seek(SeekFrom::Start(0)).await?;
                self.position = 0;
                return Ok(true);
            }
        }
        self.successor = open_if_there(&self.path).await?;
        Ok(self.successor.is_some())
    }
}

async fn open_if_there(path: &Path) -> io::Result<Option<File>> {
    match File::open(path).await {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;

    struct Log {
        directory: tempfile::TempDir,
        reader: Option<LogFile>,
    }

    impl Log {
        fn path(&self) -> PathBuf {
            self.directory.path().join("log")
        }

        fn append(&self, text: &str) {
            let mut file = fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(self.path())
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        async fn read(&mut self) -> String {
            let path = self.path();
            if self.reader.is_none() {
                self.reader = Some(LogFile::open(path, None).await.unwrap());
            }
            let mut text = Vec::new();
            while let Some(bytes) = self.reader.as_mut().unwrap().read().await.unwrap() {
                text.extend_from_slice(&bytes);
            }
            String::from_utf8(text).unwrap()
        }
    }

    fn log() -> Log {
        Log {
            directory: tempfile::tempdir().unwrap(),
            reader: None,
        }
    }

    #[tokio::test]
    async fn a_log_that_appears_later_and_grows_is_read_once() {
        let mut log = log();
        assert_eq!(log.read().await, "");
        log.append("one\n");
        assert_eq!(log.read().await, "one\n");
        log.append("two\n");
        assert_eq!(log.read().await, "two\n");
        assert_eq!(log.read().await, "");
    }

    #[tokio::test]
    async fn an_emptied_log_is_read_from_its_beginning() {
        let mut log = log();
        log.append("the first start\n");
        assert_eq!(log.read().await, "the first start\n");
        fs::File::options()
            .write(true)
            .open(log.path())
            .unwrap()
            .set_len(0)
            .unwrap();
        assert_eq!(log.read().await, "");
        log.append("second\n");
        assert_eq!(log.read().await, "second\n");
    }

    #[tokio::test]
    async fn of_a_replaced_log_nothing_is_lost_however_long_the_new_one_is() {
        let mut log = log();
        log.append("one\n");
        assert_eq!(log.read().await, "one\n");
        log.append("last words\n");
        fs::remove_file(log.path()).unwrap();
        log.append("longer than everything before\n");
        assert_eq!(log.read().await, "last words\nlonger than everything before\n");
    }
}
