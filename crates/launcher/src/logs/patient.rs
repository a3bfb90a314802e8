//! A log on a disk that may be full for a while.

use std::io;

/// A log that goes on after it could not be written: what there was no room for is lost, which is said in the launcher's own log.
#[derive(Debug)]
pub(super) struct PatientLog<L> {
    log: L,
    /// What is logged, in words.
    what: &'static str,
    lost_bytes: usize,
}

impl<L> PatientLog<L> {
    pub(super) fn new(log: L, what: &'static str) -> Self {
        Self {
            log,
            what,
            lost_bytes: 0,
        }
    }

    /// The log itself.
    pub(super) fn log(&mut self) -> &mut L {
        &mut self.log
    }

    /// Appends so many bytes with `append`, if that can be. Blocks for the disk.
    pub(super) fn append(&mut self, length_bytes: usize, append: impl FnOnce(&mut L) -> io::Result<()>) {
        match append(&mut self.log) {
            Ok(()) if self.lost_bytes > 0 => {
                let lost_bytes = std::mem::take(&mut self.lost_bytes);
                tracing::warn!(lost_bytes, "{} is logged again", self.what);
            }
            Ok(()) => {}
            Err(error) => {
                if self.lost_bytes == 0 {
                    tracing::warn!(%error, "{} is not logged for the moment", self.what);
                }
                self.lost_bytes += length_bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bounded::BoundedLog;
    use super::*;

    #[test]
    fn a_log_that_could_not_be_written_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("container");
        std::fs::create_dir(&directory).unwrap();
        let path = directory.join("log");
        let bound_bytes = 10;
        let mut log = PatientLog::new(BoundedLog::begin(&path, bound_bytes).unwrap(), "a test's output");
        let append = |log: &mut PatientLog<BoundedLog>, bytes: &[u8]| log.append(bytes.len(), |log| log.append(bytes));
        // The next file cannot be made.
        append(&mut log, &[b'a'; 10]);
        std::fs::rename(&directory, root.path().join("away")).unwrap();
        append(&mut log, &[b'b'; 10]);
        append(&mut log, &[b'c'; 3]);
        assert_eq!(log.lost_bytes, 13);
        std::fs::create_dir(&directory).unwrap();
        append(&mut log, &[b'd'; 3]);
        assert_eq!(
            (std::fs::read(&path).unwrap().as_slice(), log.lost_bytes),
            (&b"ddd"[..], 0)
        );
    }
}
