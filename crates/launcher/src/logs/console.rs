//! The log of the guest's console.
//!
//! The guest writes to a pipe of the launcher's, and what arrives is kept in a bounded log: a hostile guest can write for
//! ever, at the cost of processor time and of the log's bound on the disk. The pipe is always emptied, also
//! when the disk is full, so that a guest never waits for its console.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::bounded::BoundedLog;

/// Bound of each of the log's two files, bytes: a boot writes some tens of kilobytes, a kernel's failure a few.
pub(crate) const CONSOLE_LOG_BYTES: u64 = 1 << 20;

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 << 10;

/// The thread's stack, bytes.
const STACK_BYTES: usize = 128 << 10;

/// Time for what is still in the pipe when the machine has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A console that is being logged.
#[derive(Debug)]
pub(crate) struct ConsoleLog {
    ended: Option<oneshot::Receiver<()>>,
}

impl ConsoleLog {
    /// Begins an empty log at `path`; the descriptor is the machine's end of the pipe.
    pub(crate) fn begin(path: &Path) -> io::Result<(Self, Arc<OwnedFd>)> {
        let log = BoundedLog::begin(path, CONSOLE_LOG_BYTES)?;
        let (reader, writer) = io::pipe()?;
        let (sender, ended) = oneshot::channel();
        // A thread of its own: a guest that floods its console must hold up nothing else, neither here nor on the
        // threads for file work.
        std::thread::Builder::new()
            .name("console".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                copy(File::from(OwnedFd::from(reader)), log);
                let _ = sender.send(());
            })?;
        let console = Self { ended: Some(ended) };
        Ok((console, Arc::new(writer.into())))
    }

    /// Waits until everything that an ended machine wrote is in the log, for a second at most: something else may hold the
    /// pipe open.
    pub(crate) async fn complete(&mut self) {
        if let Some(ended) = self.ended.take()
            && tokio::time::timeout(DRAIN_TIMEOUT, ended).await.is_err()
        {
            tracing::warn!("the console's log may lack its end");
        }
    }
}

fn copy(mut console: File, log: BoundedLog) {
    let mut log = Some(log);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = match console.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::warn!(%error, "the guest's console cannot be read any more");
                return;
            }
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        if let Some(Err(error)) = log.as_mut().map(|log| log.append(bytes)) {
            tracing::warn!(%error, "the guest's console is not logged any more");
            log = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// More than both files hold.
    fn flood(writer: Arc<OwnedFd>) {
        let mut machine = File::from(Arc::into_inner(writer).unwrap());
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
