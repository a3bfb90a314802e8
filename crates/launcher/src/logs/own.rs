//! The launcher's own log: its standard error, which is a file that may not grow for ever.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::stdio::{dup2_stderr, dup2_stdout, stderr};

use super::bounded::{BoundedLog, is_at};

/// Bound of each of its two files, bytes: some hundred runs of a container that a policy starts again and again.
pub(crate) const LAUNCHER_LOG_BYTES: u64 = 1 << 20;

/// Writes to standard error. Where that is the file of the log, it is another file once that one has grown to its bound, also for what else of this
/// process writes there, as a panic does.
#[derive(Debug)]
pub(crate) struct OwnLog(Option<BoundedLog>);

impl OwnLog {
    /// Goes on with the log at `path`, if standard error is that; else it is written to as it is.
    pub(crate) fn go_on(path: &Path) -> Self {
        let file = || {
            let file = File::from(stderr().try_clone_to_owned()?);
            match is_at(&file, path)? {
                true => BoundedLog::go_on(path, file, LAUNCHER_LOG_BYTES).map(Some),
                false => Ok(None),
            }
        };
        // A launcher that cannot find its log still has one.
        Self(file().ok().flatten())
    }
}

impl Write for OwnLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Some(log) = &mut self.0 else {
            return io::stderr().write(line);
        };
        let begun = log.begun();
        let written = log.append(line);
        if log.begun() != begun {
            // These two can hardly fail, and the line is written.
            let _ = dup2_stdout(log.file());
            let _ = dup2_stderr(log.file());
        }
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
