//! Pieces of the decompressed tar, shared by the thread that hashes and the one that walks.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

/// Bytes of one piece: large enough to make hand-overs rare, small enough to stay in a core's cache.
pub(super) const CHUNK_BYTES: usize = 256 << 10;
/// Pieces in existence, which bounds how far the threads drift apart.
pub(super) const CHUNKS: usize = 12;

/// A piece. Its buffer goes back to the decompressor when the last user is done with it.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    free: Sender<Vec<u8>>,
}

impl Chunk {
    pub(super) fn new(bytes: Vec<u8>, free: Sender<Vec<u8>>) -> Self {
        Self { bytes, free }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // The decompressor may have ended; then the buffer is not needed.
        let _ = self.free.send(std::mem::take(&mut self.bytes));
    }
}

/// Reads the pieces that arrive as one stream.
pub(super) struct ChunkReader {
    arriving: Receiver<io::Result<Arc<Chunk>>>,
    current: Option<Arc<Chunk>>,
    used: usize,
}

impl ChunkReader {
    pub(super) fn new(arriving: Receiver<io::Result<Arc<Chunk>>>) -> Self {
        Self {
            arriving,
            current: None,
            used: 0,
        }
    }

    /// Reads to the end.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        loop {
            match self.fill_buf()?.len() {
                0 => return Ok(()),
                length => self.consume(length),
            }
        }
    }
}

impl BufRead for ChunkReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self
            .current
            .as_ref()
            .is_some_and(|chunk| self.used == chunk.bytes().len())
        {
            self.current = None;
        }
        if self.current.is_none() {
            self.used = 0;
            // The sender goes away at the end of the stream.
            self.current = self.arriving.recv().ok().transpose()?;
        }
        Ok(self.current.as_ref().map_or(&[], |chunk| &chunk.bytes()[self.used..]))
    }

    fn consume(&mut self, length: usize) {
        self.used += length;
    }
}

impl Read for ChunkReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(into.len());
        into[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}
