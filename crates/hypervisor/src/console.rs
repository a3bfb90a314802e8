//! Reading a guest's console.
//!
//! The guest writes to a pipe, and what arrives goes to a log. The pipe is always emptied, also when the log takes no more, so that a
//! guest never waits for its console. A thread of its own does this: a guest that floods its console must hold up nothing else.

mod panic;

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::sync::oneshot;

use panic::PanicSpotter;

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 << 10;

/// The thread's stack, bytes.
const STACK_BYTES: usize = 128 << 10;

/// Time for what is still in the pipe when the machine has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A console that is being read.
#[derive(Debug)]
pub struct ConsolePump {
    ended: Option<oneshot::Receiver<()>>,
}

impl ConsolePump {
    /// Copies what arrives at `reader` to `log` until the last writer is gone. `panicked` is called with the line in which the guest's
    /// kernel says that it has panicked, once; the copying goes on.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(
        reader: OwnedFd,
        log: impl Write + Send + 'static,
        panicked: impl FnOnce(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("console".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                copy(File::from(reader), log, panicked);
                let _ = sender.send(());
            })?;
        Ok(Self { ended: Some(ended) })
    }

    /// Waits until everything that an ended machine wrote is in the log, for a second at most: something else may hold the
    /// pipe open.
    pub async fn complete(&mut self) {
        if let Some(ended) = self.ended.take() {
            // A time-out costs the end of the log and nothing else.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, ended).await;
        }
    }
}

fn copy(mut console: File, log: impl Write, panicked: impl FnOnce(&str)) {
    let mut log = Some(log);
    let mut spotter = Some((PanicSpotter::default(), panicked));
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = match console.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // Nothing more can come.
            Err(_) => return,
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        if log.as_mut().is_some_and(|log| log.write_all(bytes).is_err()) {
            log = None;
        }
        if let Some(line) = spotter.as_mut().and_then(|(spotter, _)| spotter.feed(bytes))
            && let Some((_, panicked)) = spotter.take()
        {
            panicked(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A log that takes nothing.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_guest_whose_log_takes_no_more_does_not_wait_and_its_panic_is_seen() {
        let (reader, mut writer) = io::pipe().unwrap();
        let (sender, lines) = mpsc::channel();
        let mut pump = ConsolePump::start(reader.into(), Full, move |line| {
            let _ = sender.send(line.to_owned());
        })
        .unwrap();
        // Hangs for ever when the pipe is not read.
        for _ in 0..1024 {
            writer.write_all(&[b'x'; 1024]).unwrap();
        }
        writer
            .write_all(b"\n[    1.0] Kernel panic - not syncing: no init\n")
            .unwrap();
        writer
            .write_all(b"[    1.1] Kernel panic - not syncing: once more\n")
            .unwrap();
        drop(writer);
        pump.complete().await;
        let seen: Vec<String> = lines.into_iter().collect();
        assert_eq!(seen, ["Kernel panic - not syncing: no init"]);
    }
}
