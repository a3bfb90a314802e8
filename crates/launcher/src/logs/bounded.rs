//! A log of bounded size, in two files: one that grows, and the one that grew before it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use container_state::previous_log;

/// A log that is written to `path`. When that file has grown to its bound it replaces the previous one, and `path`
/// begins anew: on disk are the latest bytes, at least as many as the bound and at most twice as many.
#[derive(Debug)]
pub(crate) struct BoundedLog {
    path: PathBuf,
    file: File,
    length_bytes: u64,
    bound_bytes: u64,
    /// How often a file was begun because the one before had grown to the bound.
    begun: u64,
}

impl BoundedLog {
    /// Begins an empty log.
    ///
    /// # Errors
    /// When an old file cannot be removed or the new one cannot be made.
    pub(crate) fn begin(path: &Path, bound_bytes: u64) -> io::Result<Self> {
        // New files rather than truncated ones: a reader that follows the log reads the old file to its end and sees that there is
        // a new one.
        for old in [path, &previous_log(path)] {
            match std::fs::remove_file(old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Self {
            path: path.to_owned(),
            file: open(path)?,
            length_bytes: 0,
            bound_bytes,
            begun: 0,
        })
    }

    /// Goes on with the log whose file at `path` is open as `file`, for appending. Another process may do the same: the bound then holds for what this
    /// one writes.
    ///
    /// # Errors
    /// When the file cannot be looked at.
    pub(crate) fn go_on(path: &Path, file: File, bound_bytes: u64) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            length_bytes: file.metadata()?.len(),
            file,
            bound_bytes,
            begun: 0,
        })
    }

    /// The file that grows.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// How often another file has become that.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// Appends. Blocks for the disk.
    ///
    /// # Errors
    /// When the disk takes no more; part of `bytes` may be written. Another call may find room.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            while self.length_bytes >= self.bound_bytes {
                // Else an earlier call moved it away, and there was no room for a new one; or another process has begun one, which is gone on with.
                if is_at(&self.file, &self.path)? {
                    std::fs::rename(&self.path, previous_log(&self.path))?;
                }
                self.file = open(&self.path)?;
                self.length_bytes = self.file.metadata()?.len();
                self.begun += 1;
            }
            let room = usize::try_from(self.bound_bytes - self.length_bytes).unwrap_or(usize::MAX);
            let fitting = rest.get(..room).unwrap_or(rest);
            match self.file.write(fitting) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.length_bytes += written as u64;
                    rest = rest.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Whether a file is the one at `path`.
///
/// # Errors
/// When one of them cannot be looked at. Nothing at `path` is another file.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let found = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    let own = file.metadata()?;
    Ok((own.dev(), own.ino()) == (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_bytes_stay_in_at_most_twice_the_bound() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("log");
        std::fs::write(&path, "of an earlier start").unwrap();
        std::fs::write(previous_log(&path), "of an earlier start").unwrap();
        let mut log = BoundedLog::begin(&path, 10).unwrap();
        assert!(!previous_log(&path).exists());

        let written: Vec<u8> = (0..=255).collect();
        for chunk in written.chunks(7) {
            log.append(chunk).unwrap();
            let files = [previous_log(&path), path.clone()].map(|path| std::fs::read(path).unwrap_or_default());
            assert!(files.iter().all(|file| file.len() <= 10), "{files:?}");
        }
        log.append(&written).unwrap();
        let kept = [previous_log(&path), path]
            .map(|path| std::fs::read(path).unwrap())
            .concat();
        assert!((10..=20).contains(&kept.len()), "{}", kept.len());
        assert!(written.ends_with(&kept), "{kept:?}");
    }

    #[test]
    fn a_log_is_gone_on_with_and_so_is_a_file_that_another_process_has_begun() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("log");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let go_on = || BoundedLog::go_on(&path, open(&path).unwrap(), 10).unwrap();
        std::fs::write(&path, "before ").unwrap();
        let (mut one, mut other) = (go_on(), go_on());
        one.append(b"one").unwrap();
        assert_eq!((read(&path).as_str(), one.begun()), ("before one", 0));
        one.append(b"more").unwrap();
        assert_eq!((read(&previous_log(&path)).as_str(), one.begun()), ("before one", 1));
        // It finds another file in the place of its own, and moves nothing away.
        other.append(b"123").unwrap();
        other.append(b"45").unwrap();
        assert_eq!(read(&previous_log(&path)), "before one123");
        assert_eq!((read(&path).as_str(), other.begun()), ("more45", 1));
        assert!(is_at(other.file(), &path).unwrap() && is_at(one.file(), &path).unwrap());
    }
}
