//! Waiting until a guest's agent is ready to be saved, which it says on its console: nothing else tells that it has seen its host go.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use container_agent_api::PARKED_LINE;
use container_hypervisor::{ConsolePump, SharedDescriptor};
use tokio::sync::oneshot;

use crate::logs::{TAIL_BYTES, last_lines};

/// A console that is read until the agent says that it is parked. Its end is kept.
#[derive(Debug)]
pub(super) struct ParkedConsole {
    _pump: ConsolePump,
    parked: oneshot::Receiver<()>,
    end: Arc<Mutex<Vec<u8>>>,
}

impl ParkedConsole {
    /// The descriptor is the machine's end.
    pub(super) fn begin() -> io::Result<(Self, SharedDescriptor)> {
        let (reader, writer) = io::pipe()?;
        let (sender, parked) = oneshot::channel();
        let end = Arc::default();
        let spotter = Spotter {
            sender: Some(sender),
            line: Vec::new(),
            end: Arc::clone(&end),
        };
        let pump = ConsolePump::start(reader.into(), spotter, |line| {
            tracing::warn!(line, "the kernel of a template's machine has panicked");
        })?;
        let console = Self {
            _pump: pump,
            parked,
            end,
        };
        Ok((console, writer.into()))
    }

    /// Waits for it. `false` when the console has ended.
    pub(super) async fn parked(&mut self) -> bool {
        (&mut self.parked).await.is_ok()
    }

    /// The last lines of the console so far, fit to be shown.
    pub(super) fn last_lines(&self) -> Vec<String> {
        last_lines(&self.end.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Finds a line among those of the console, and keeps their end.
struct Spotter {
    sender: Option<oneshot::Sender<()>>,
    /// As much of the current line as matters.
    line: Vec<u8>,
    /// Twice as much as is looked at, at most.
    end: Arc<Mutex<Vec<u8>>>,
}

impl Write for Spotter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if matches!(byte, b'\r' | b'\n') {
                self.line.clear();
            } else if self.line.len() < PARKED_LINE.len() {
                self.line.push(*byte);
            }
            if self.line == PARKED_LINE.as_bytes()
                && let Some(sender) = self.sender.take()
            {
                let _ = sender.send(());
            }
        }
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.extend_from_slice(bytes);
        let surplus = end.len().saturating_sub(TAIL_BYTES);
        if surplus > TAIL_BYTES {
            end.drain(..surplus);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_is_found_wherever_the_pieces_of_the_console_end() {
        for cut in 0..PARKED_LINE.len() {
            let (sender, parked) = oneshot::channel();
            let mut spotter = Spotter {
                sender: Some(sender),
                line: Vec::new(),
                end: Arc::default(),
            };
            let (first, second) = PARKED_LINE.split_at(cut);
            write!(spotter, "vminitd: ready after 3 ms\r\n{first}").unwrap();
            write!(spotter, "{second}\r\n").unwrap();
            assert!(parked.await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_console_that_ends_says_nothing() {
        let (mut console, writer) = ParkedConsole::begin().unwrap();
        drop(writer);
        assert!(!console.parked().await);
    }

    #[tokio::test]
    async fn the_last_lines_are_kept_of_a_console_however_long() {
        let (mut console, writer) = ParkedConsole::begin().unwrap();
        let mut file = std::fs::File::from(writer.duplicate().unwrap());
        for number in 0..10_000 {
            write!(file, "line {number}\r\n").unwrap();
        }
        drop((file, writer));
        assert!(!console.parked().await);
        assert_eq!(console.last_lines().last().unwrap(), "line 9999");
        assert!(console.end.lock().unwrap().len() <= 2 * TAIL_BYTES);
    }
}
