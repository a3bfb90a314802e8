//! The file for what the writer keeps of entries outside of memory.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes gathered before they are written.
const PENDING_BYTES: usize = 64 << 10;
/// Bytes read at once when reads go forwards.
const WINDOW_BYTES: usize = 64 << 10;
/// A read that starts this close behind the one before counts as reading forwards.
const FORWARD_BYTES: u64 = 4 << 10;

/// What a scratch file must be able to do.
pub trait ScratchFile: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> ScratchFile for T {}

/// A file that grows at its end.
pub(crate) struct Scratch {
    file: Box<dyn ScratchFile>,
    /// Bytes in the file; the pending ones follow.
    written: u64,
    pending: Vec<u8>,
    window: Vec<u8>,
    window_at: u64,
    last_read_end: u64,
}

impl Scratch {
    pub(crate) fn new(file: Box<dyn ScratchFile>) -> Self {
        Self {
            file,
            written: 0,
            pending: Vec::with_capacity(PENDING_BYTES),
            window: Vec::new(),
            window_at: 0,
            last_read_end: 0,
        }
    }

    /// Where the next bytes will be.
    pub(crate) fn end(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    /// Appends `parts` and returns where they are. Each later read or write must stay within the bytes of one call.
    pub(crate) fn append(&mut self, parts: &[&[u8]]) -> io::Result<u64> {
        if self.pending.len() >= PENDING_BYTES {
            self.flush()?;
        }
        let at = self.end();
        parts.iter().for_each(|part| self.pending.extend_from_slice(part));
        Ok(at)
    }

    /// Fills `into` from `at`.
    pub(crate) fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let length = into.len();
        if at >= self.written {
            let start = (at - self.written) as usize;
            let bytes = self.pending.get(start..start + length);
            into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            return Ok(());
        }
        let forward = at
            .checked_sub(self.last_read_end)
            .is_some_and(|gap| gap < FORWARD_BYTES);
        self.last_read_end = at + length as u64;
        if !self.in_window(at, length) && forward {
            let available = (self.written - at).min(WINDOW_BYTES.max(length) as u64);
            self.window.resize(available as usize, 0);
            self.window_at = at;
            self.file.seek(SeekFrom::Start(at))?;
            if let Err(error) = self.file.read_exact(&mut self.window) {
                self.window.clear();
                return Err(error);
            }
        }
        if self.in_window(at, length) {
            let start = (at - self.window_at) as usize;
            into.copy_from_slice(&self.window[start..start + length]);
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(into)
    }

    /// Replaces bytes that were appended together.
    pub(crate) fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if at >= self.written {
            let start = (at - self.written) as usize;
            let place = self.pending.get_mut(start..start + bytes.len());
            place.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(bytes);
            return Ok(());
        }
        self.window.clear();
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    fn in_window(&self, at: u64, length: usize) -> bool {
        at >= self.window_at && at + length as u64 <= self.window_at + self.window.len() as u64
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::Scratch;

    proptest! {
        #[test]
        fn what_was_appended_or_replaced_is_read(
            lengths in proptest::collection::vec(1..30_000_usize, 1..40),
            accesses in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<u8>()), 0..100),
        ) {
            let mut scratch = Scratch::new(Box::new(Cursor::new(Vec::new())));
            let mut items = Vec::new();
            for (number, length) in lengths.into_iter().enumerate() {
                let bytes = vec![number as u8; length];
                items.push((scratch.append(&[&bytes[..length / 2], &bytes[length / 2..]]).unwrap(), bytes));
            }
            for (index, replace, byte) in accesses {
                let (at, bytes) = index.get(&items).clone();
                if replace {
                    let new = vec![byte; bytes.len()];
                    scratch.write(at, &new).unwrap();
                    items.iter_mut().filter(|item| item.0 == at).for_each(|item| item.1.clone_from(&new));
                } else {
                    let mut found = vec![0; bytes.len()];
                    scratch.read(at, &mut found).unwrap();
                    prop_assert_eq!(found, bytes);
                }
            }
            for (at, bytes) in items {
                let mut found = vec![0; bytes.len()];
                scratch.read(at, &mut found).unwrap();
                prop_assert_eq!(found, bytes);
            }
        }
    }
}
