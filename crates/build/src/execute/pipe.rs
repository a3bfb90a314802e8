//! A tar on its way into a machine, while it is written.

use std::io::{self, BufWriter, PipeReader, PipeWriter, Read};
use std::sync::mpsc::{self, Receiver};

use crate::StepError;

/// How much is written at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// Reads what a thread writes. Its end comes only when the writer has ended well.
pub(crate) struct Piped {
    reader: PipeReader,
    outcome: Receiver<Result<(), StepError>>,
    has_ended: bool,
}

/// Writes with `write` on a thread of its own. The thread ends when nobody reads any more.
pub(crate) fn piped(
    write: impl FnOnce(&mut BufWriter<PipeWriter>) -> Result<(), StepError> + Send + 'static,
) -> Result<Piped, io::Error> {
    let (reader, writer) = io::pipe()?;
    let (tell, outcome) = mpsc::channel();
    std::thread::Builder::new()
        .name("build-tree".to_owned())
        .spawn(move || {
            let mut writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
            let written = write(&mut writer).and_then(|()| {
                let flushed = writer.into_inner().map_err(io::IntoInnerError::into_error);
                flushed.map(drop).map_err(|error| StepError::Files(error.into()))
            });
            // Nobody listens when the reader is gone.
            let _ = tell.send(written);
        })?;
    Ok(Piped {
        reader,
        outcome,
        has_ended: false,
    })
}

impl Read for Piped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        if length == 0 && !buffer.is_empty() && !self.has_ended {
            self.has_ended = true;
            match self.outcome.recv() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(io::Error::other(error)),
                Err(_) => return Err(io::Error::other("the files were given up")),
            }
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_is_written_is_read_and_a_failure_is_told() {
        let mut text = String::new();
        let write = |writer: &mut BufWriter<PipeWriter>| {
            writer
                .write_all(b"hello")
                .map_err(|error| StepError::Files(error.into()))
        };
        piped(write).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        let fail = |_: &mut BufWriter<PipeWriter>| Err(StepError::Interrupted);
        let error = piped(fail).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the build was interrupted");
    }
}
