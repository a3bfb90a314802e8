//! Reading a file while it is still being written, so that unpacking overlaps with the download.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How far a file has grown, shared by its writer and its readers.
#[derive(Debug, Default)]
pub(super) struct Growth {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    size_bytes: u64,
    /// Whether the whole proved right, once it has ended.
    ended: Option<bool>,
}

impl Growth {
    pub(super) fn advance(&self, size_bytes: u64) {
        self.lock().size_bytes = size_bytes;
        self.changed.notify_all();
    }

    /// The first end counts.
    pub(super) fn end(&self, right: bool) {
        self.lock().ended.get_or_insert(right);
        self.changed.notify_all();
    }

    /// The state holds no invariant that a panic could break.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads behind a writer. It waits for more bytes until the writer ends, which it also reports when it is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    file: File,
    offset: u64,
    growth: Arc<Growth>,
}

impl Follower {
    pub(super) fn new(file: File, growth: Arc<Growth>) -> Self {
        Self {
            file,
            offset: 0,
            growth,
        }
    }

    /// Waits for bytes at the offset; how many there are, or 0 at the end of a blob that proved right.
    fn wait(&self) -> io::Result<u64> {
        let mut state = self.growth.lock();
        loop {
            match (state.size_bytes.saturating_sub(self.offset), state.ended) {
                (_, Some(false)) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the blob was given up")),
                (0, Some(true)) => return Ok(0),
                (0, None) => state = self.growth.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                (available, _) => return Ok(available),
            }
        }
    }
}

/// A stream that can be read once more from its start.
pub(crate) trait Restart: Read {
    /// Goes back to the start.
    fn restart(&mut self) -> io::Result<()>;
}

impl Restart for Follower {
    fn restart(&mut self) -> io::Result<()> {
        self.offset = 0;
        self.file.rewind()
    }
}

impl Restart for File {
    fn restart(&mut self) -> io::Result<()> {
        self.rewind()
    }
}

impl Read for Follower {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = usize::try_from(self.wait()?).unwrap_or(usize::MAX);
        let wanted = available.min(buffer.len());
        let count = self.file.read(&mut buffer[..wanted])?;
        self.offset += count as u64;
        Ok(count)
    }
}
