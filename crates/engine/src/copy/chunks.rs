//! An archive on its way from one end to the other.

use std::io::{self, BufRead};

use container_launcher::control::ARCHIVE_CHUNK_BYTES;
use tokio::sync::mpsc;

/// Bytes of a full chunk, the most that a launcher takes.
pub(crate) const CHUNK_BYTES: usize = ARCHIVE_CHUNK_BYTES;

/// Chunks that may wait for the slower end.
pub(crate) const CHUNK_QUEUE: usize = 4;

/// A piece of an archive.
#[derive(Debug)]
pub(crate) enum Chunk {
    Bytes(Vec<u8>),
    /// The archive is complete. Without it, it was cut off.
    End,
}

/// Sends what is written to it.
pub(crate) struct ChunkWriter {
    chunks: mpsc::Sender<Chunk>,
    buffer: Vec<u8>,
}

impl ChunkWriter {
    pub(crate) fn new(chunks: mpsc::Sender<Chunk>) -> Self {
        Self {
            chunks,
            buffer: Vec::with_capacity(CHUNK_BYTES),
        }
    }

    /// Says that the archive is complete.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        io::Write::flush(&mut self)?;
        self.send(Chunk::End)
    }

    fn send(&self, chunk: Chunk) -> io::Result<()> {
        self.chunks
            .blocking_send(chunk)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl io::Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(CHUNK_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..length]);
        if self.buffer.len() == CHUNK_BYTES {
            self.flush()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_BYTES));
        self.send(Chunk::Bytes(full))
    }
}

/// Reads what is sent. It ends where the archive is complete, and fails where it was cut off.
pub(crate) struct ChunkReader {
    chunks: mpsc::Receiver<Chunk>,
    current: io::Cursor<Vec<u8>>,
    is_complete: bool,
}

impl ChunkReader {
    pub(crate) fn new(chunks: mpsc::Receiver<Chunk>) -> Self {
        Self {
            chunks,
            current: io::Cursor::default(),
            is_complete: false,
        }
    }
}

impl io::Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl io::BufRead for ChunkReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.fill_buf()?.is_empty() && !self.is_complete {
            match self.chunks.blocking_recv() {
                Some(Chunk::Bytes(bytes)) => self.current = io::Cursor::new(bytes),
                Some(Chunk::End) => self.is_complete = true,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive was cut off")),
            }
        }
        self.current.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.current.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn reader(chunks: Vec<Chunk>) -> ChunkReader {
        let (sender, receiver) = mpsc::channel(chunks.len().max(1));
        for chunk in chunks {
            sender.try_send(chunk).unwrap();
        }
        ChunkReader::new(receiver)
    }

    fn bytes(text: &str) -> Chunk {
        Chunk::Bytes(text.into())
    }

    #[test]
    fn chunks_of_any_size_are_one_stream() {
        let mut reader = reader(vec![bytes("one "), bytes(""), bytes("two"), Chunk::End, bytes("more")]);
        assert_eq!(reader.fill_buf().unwrap(), b"one ");
        reader.consume(2);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "e two");
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
    }

    #[test]
    fn a_stream_that_is_cut_off_has_no_end() {
        let mut reader = reader(vec![bytes("half")]);
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_is_written_is_sent_in_full_chunks() {
        let (sender, mut receiver) = mpsc::channel(4);
        let writing = tokio::task::spawn_blocking(move || {
            let mut writer = ChunkWriter::new(sender);
            io::Write::write_all(&mut writer, &vec![7; CHUNK_BYTES + 10]).unwrap();
            writer.finish().unwrap();
        });
        let mut lengths = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            lengths.push(match chunk {
                Chunk::Bytes(bytes) => Some(bytes.len()),
                Chunk::End => None,
            });
        }
        writing.await.unwrap();
        assert_eq!(lengths, [Some(CHUNK_BYTES), Some(10), None]);
    }
}
