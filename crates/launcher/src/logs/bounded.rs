//! A log of bounded size, in two files: one that grows, and the one that grew before it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
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
            file: create(path)?,
            length_bytes: 0,
            bound_bytes,
        })
    }

    /// Appends. Blocks for the disk.
    ///
    /// # Errors
    /// When the disk takes no more; part of `bytes` may be written. Another call may find room.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.length_bytes >= self.bound_bytes {
                match std::fs::rename(&self.path, previous_log(&self.path)) {
                    // An earlier call moved it away, and there was no room for a new one.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    moved => moved?,
                }
                self.file = create(&self.path)?;
                self.length_bytes = 0;
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

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
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
}
