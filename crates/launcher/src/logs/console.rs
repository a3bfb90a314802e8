//! The log of the guest's console.
//!
//! The guest writes to a pipe of the launcher's, and what arrives is kept in a bounded log: a hostile guest can write for
//! ever, at the cost of processor time and of the log's bound on the disk.

use std::io::{self, Write};
use std::path::Path;

use container_hypervisor::{ConsolePump, SharedDescriptor};

use super::bounded::BoundedLog;
use super::patient::PatientLog;

/// Bound of each of the log's two files, bytes: a boot writes some tens of kilobytes, a kernel's failure a few.
pub(crate) const CONSOLE_LOG_BYTES: u64 = 1 << 20;

/// A console that is being logged.
#[derive(Debug)]
pub(crate) struct ConsoleLog {
    pump: ConsolePump,
}

impl ConsoleLog {
    /// Begins an empty log at `path`; the descriptor is the machine's end of the pipe.
    pub(crate) fn begin(path: &Path) -> io::Result<(Self, SharedDescriptor)> {
        let log = BoundedLog::begin(path, CONSOLE_LOG_BYTES)?;
        let log = ConsoleFile(PatientLog::new(log, "the guest's console"));
        let (reader, writer) = io::pipe()?;
        let pump = ConsolePump::start(reader.into(), log, |line| {
            tracing::warn!(line, "the guest's kernel has panicked");
        })?;
        Ok((Self { pump }, writer.into()))
    }

    /// Waits until everything that an ended machine wrote is in the log, for a second at most: something else may hold the
    /// pipe open.
    pub(crate) async fn complete(&mut self) {
        self.pump.complete().await;
    }
}

/// The log as the pump writes it, which would give up a log that fails.
struct ConsoleFile(PatientLog<BoundedLog>);

impl Write for ConsoleFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes.len(), |log| log.append(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    /// More than both files hold.
    fn flood(writer: SharedDescriptor) {
        let mut machine = File::from(writer.into_owned().unwrap());
        for _ in 0..4 * CONSOLE_LOG_BYTES / 1024 {
            machine.write_all(&[b'x'; 1024]).unwrap();
        }
        machine.write_all(b"the end").unwrap();
    }

    #[tokio::test]
    async fn a_guest_that_floods_its_console_costs_the_log_s_bound() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("boot.log");
        let (mut console, writer) = ConsoleLog::begin(&path).unwrap();
        flood(writer);
        console.complete().await;
        let files = std::fs::read_dir(root.path()).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!((CONSOLE_LOG_BYTES..=2 * CONSOLE_LOG_BYTES).contains(&bytes), "{bytes}");
        assert!(std::fs::read(&path).unwrap().ends_with(b"the end"));
    }

    #[tokio::test]
    async fn a_guest_whose_log_cannot_be_written_does_not_wait() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("container");
        std::fs::create_dir(&directory).unwrap();
        let (mut console, writer) = ConsoleLog::begin(&directory.join("boot.log")).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        // Hangs for ever when the pipe is not read.
        flood(writer);
        console.complete().await;
    }
}
