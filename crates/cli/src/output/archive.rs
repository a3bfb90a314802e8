//! An archive on standard output.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::CommandError;

/// Standard output for an archive: whoever writes it reports that it failed, this knows whether only because nobody reads on (`| head`).
#[derive(Debug, Clone, Default)]
pub(crate) struct ArchiveReader {
    has_gone: Arc<AtomicBool>,
}

impl ArchiveReader {
    /// The stream to write to.
    pub(crate) fn stream(&self) -> Box<dyn Write + Send> {
        Box::new(Watched {
            stream: io::stdout(),
            reader: self.clone(),
        })
    }

    /// What to tell of a failure: nothing when the reader has gone, as with other results.
    pub(crate) fn verdict(&self, error: CommandError) -> CommandError {
        match self.has_gone.load(Ordering::Relaxed) {
            true => io::Error::from(io::ErrorKind::BrokenPipe).into(),
            false => error,
        }
    }
}

/// A stream that remembers that its reader has gone.
struct Watched<W> {
    stream: W,
    reader: ArchiveReader,
}

impl<W> Watched<W> {
    fn seen<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.reader.has_gone.store(true, Ordering::Relaxed);
            }
        })
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.stream.write(bytes);
        self.seen(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.stream.flush();
        self.seen(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_ends_an_archive_quietly_and_a_full_disk_does_not() {
        let verdict = |write: fn(&mut dyn Write)| {
            let (pipe, stream) = io::pipe().unwrap();
            drop(pipe);
            let reader = ArchiveReader::default();
            write(&mut Watched {
                stream,
                reader: reader.clone(),
            });
            format!("{:?}", reader.verdict(CommandError::new("cannot write the tar")))
        };
        assert_eq!(
            verdict(|stream| drop(stream.write(b"x"))),
            format!("{:?}", CommandError::silent(141))
        );
        assert!(verdict(|_| ()).contains("cannot write the tar"));
    }
}
