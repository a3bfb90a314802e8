//! A log that grows while it is read, begins anew, or is not there yet. Its earlier part may be in a file of its own.

use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use container_state::previous_log;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::CHUNK_BYTES;
use super::last_lines::LastLines;

/// A log and how far it was read.
pub(super) struct LogFile {
    path: PathBuf,
    /// `None` until there is one: a container that was never started has an empty log.
    file: Option<File>,
    /// Bytes of it that were read or skipped.
    position: u64,
    /// The file that has taken its place meanwhile.
    successor: Option<File>,
}

impl LogFile {
    /// Opens the log at `path`, at its beginning or before its last `lines` lines.
    pub(super) async fn open(path: PathBuf, lines: Option<usize>) -> io::Result<Self> {
        let (mut previous, mut current) = open_both(&path).await?;
        let mut begins_in_current = previous.is_none();
        if let Some(lines) = lines {
            let mut search = LastLines::new(lines);
            if let Some(current) = &mut current {
                begins_in_current |= search.seek(current).await?;
            }
            if let Some(previous) = previous.as_mut().filter(|_| !begins_in_current) {
                search.seek(previous).await?;
            }
        }
        let (mut file, successor) = match begins_in_current {
            true => (current, None),
            false => (previous.take(), current),
        };
        let position = match &mut file {
            Some(file) => file.stream_position().await?,
            None => 0,
        };
        Ok(Self {
            path,
            file,
            position,
            successor,
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

/// The file before the log's, if it has grown to its bound, and the log's own.
async fn open_both(path: &Path) -> io::Result<(Option<File>, Option<File>)> {
    loop {
        let current = open_if_there(path).await?;
        let previous = open_if_there(&previous_log(path)).await?;
        let (Some(old), Some(new)) = (&previous, &current) else {
            return Ok((previous, current));
        };
        // Else the one became the other between the two looks.
        if identity(&old.metadata().await?) != identity(&new.metadata().await?) {
            return Ok((previous, current));
        }
    }
}

fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
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
    async fn what_came_before_the_bound_is_read_first() {
        let mut log = log();
        log.append("one\ntwo and");
        fs::rename(log.path(), previous_log(&log.path())).unwrap();
        log.append(" a half\nthree\n");
        for (lines, expected) in [
            (None, "one\ntwo and a half\nthree\n"),
            (Some(9), "one\ntwo and a half\nthree\n"),
            (Some(2), "two and a half\nthree\n"),
            (Some(1), "three\n"),
            (Some(0), ""),
        ] {
            log.reader = Some(LogFile::open(log.path(), lines).await.unwrap());
            assert_eq!(log.read().await, expected, "{lines:?}");
        }
        fs::rename(log.path(), previous_log(&log.path())).unwrap();
        log.append("four\n");
        assert_eq!(log.read().await, "four\n", "followed over the bound");
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
