//! The guest's console: a pipe between the framework and where the output is to go.
//!
//! It is read here because of two things that the framework does not do: a panic of the guest's kernel has to end the machine, and output
//! that nobody reads must not hold up the guest.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use container_hypervisor::{ConsolePump, SharedDescriptor};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A pipe with room takes so many bytes without a wait: `PIPE_BUF` on macOS, less than that of Linux.
const PIECE_BYTES: usize = 512;

/// How long a reader that does not keep up is waited for.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Starts to copy what the machine writes to the returned descriptor. It goes on until that is closed for good. `panicked` is called
/// with the line that a panic of the guest's kernel begins with.
pub(crate) fn start(output: &SharedDescriptor, panicked: impl FnOnce(&str) + Send + 'static) -> io::Result<OwnedFd> {
    let log = PatientLog {
        output: output.duplicate()?.into(),
        patience: PATIENCE,
    };
    let (reader, writer) = io::pipe()?;
    ConsolePump::start(reader.into(), log, panicked)?;
    Ok(writer.into())
}

/// Writes what fits without a long wait, and loses the rest.
struct PatientLog {
    output: File,
    /// Nothing, after something was lost.
    patience: Timespec,
}

impl Write for PatientLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut descriptors = [PollFd::new(&self.output, PollFlags::OUT)];
        if poll(&mut descriptors, Some(&self.patience))? == 0 {
            self.patience = Timespec { tv_sec: 0, tv_nsec: 0 };
            return Ok(bytes.len());
        }
        self.patience = PATIENCE;
        let piece = bytes.get(..PIECE_BYTES).unwrap_or(bytes);
        self.output.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn output_that_nobody_reads_is_lost_and_a_panic_is_seen_all_the_same() {
        let (mut reader, output) = io::pipe().unwrap();
        let output = SharedDescriptor::from(output);
        let (sender, lines) = mpsc::channel();
        let mut console = File::from(
            start(&output, move |line| {
                let _ = sender.send(line.to_owned());
            })
            .unwrap(),
        );
        drop(output);
        // More than both pipes hold.
        for _ in 0..300 {
            console.write_all(&[b'x'; 1024]).unwrap();
        }
        console.write_all(b"\nKernel panic - not syncing: late\n").unwrap();
        drop(console);
        assert_eq!(lines.recv().unwrap(), "Kernel panic - not syncing: late");
        let mut kept = Vec::new();
        reader.read_to_end(&mut kept).unwrap();
        assert!((1..300 * 1024).contains(&kept.len()), "{}", kept.len());
    }
}
