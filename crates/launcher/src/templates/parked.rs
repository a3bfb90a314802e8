//! Waiting until a guest's agent is ready to be saved, which it says on its console: nothing else tells that it has seen its host go.

use std::io::{self, Write};

use container_agent_api::PARKED_LINE;
use container_hypervisor::{ConsolePump, SharedDescriptor};
use tokio::sync::oneshot;

/// A console that is read until the agent says that it is parked.
#[derive(Debug)]
pub(super) struct ParkedConsole {
    _pump: ConsolePump,
    parked: oneshot::Receiver<()>,
}

impl ParkedConsole {
    /// The descriptor is the machine's end.
    pub(super) fn begin() -> io::Result<(Self, SharedDescriptor)> {
        let (reader, writer) = io::pipe()?;
        let (sender, parked) = oneshot::channel();
        let spotter = Spotter {
            sender: Some(sender),
            line: Vec::new(),
        };
        let pump = ConsolePump::start(reader.into(), spotter, |line| {
            tracing::warn!(line, "the kernel of a template's machine has panicked");
        })?;
        Ok((Self { _pump: pump, parked }, writer.into()))
    }

    /// Waits for it. `false` when the console has ended.
    pub(super) async fn parked(self) -> bool {
        self.parked.await.is_ok()
    }
}

/// Finds a line among those of the console.
struct Spotter {
    sender: Option<oneshot::Sender<()>>,
    /// As much of the current line as matters.
    line: Vec<u8>,
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
            };
            let (first, second) = PARKED_LINE.split_at(cut);
            write!(spotter, "vminitd: ready after 3 ms\r\n{first}").unwrap();
            write!(spotter, "{second}\r\n").unwrap();
            assert!(parked.await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_console_that_ends_says_nothing() {
        let (console, writer) = ParkedConsole::begin().unwrap();
        drop(writer);
        assert!(!console.parked().await);
    }
}
