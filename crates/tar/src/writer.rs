//! Entries to a stream.

mod header;
mod pax;

use std::io::Write;

use crate::entry::{Entry, EntryKind};
use crate::error::WriteError;
use crate::header::RECORD_BYTES;
use crate::pax::MAX_XATTRS;
use crate::reader::MAX_EXTENDED_BYTES;
use crate::sparse::{MAX_REGIONS, map_to_content, stored_bytes};

use header::Fields;
use pax::PaxRecords;

/// Zeros, as many as are written at a time.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Writes a POSIX pax archive entry by entry: a ustar header, and an extended one before it where a value does not fit that.
///
/// The stream is written to in pieces of 512 bytes where entries are small, so that it should be buffered.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    /// Bytes of the current entry's content that were not written yet.
    content_left: u64,
    /// Zeros after the content, up to the next record.
    padding: usize,
}

impl<W: Write> Writer<W> {
    /// Starts an archive.
    pub fn new(output: W) -> Self {
        Self {
            output,
            content_left: 0,
            padding: 0,
        }
    }

    /// Writes the headers of an entry. The content of a file has to follow by [`Self::content`]: all of it, or, of a sparse one, that of its regions.
    ///
    /// The name of a directory gets a slash at its end, as tar programs write it.
    ///
    /// # Errors
    /// Any [`WriteError`]. Where it is neither [`WriteError::Io`] nor [`WriteError::ContentMissing`], nothing was written, and the next entry may follow.
    pub fn begin(&mut self, entry: &Entry) -> Result<(), WriteError> {
        self.end_content()?;
        let mut path = entry.path.clone();
        if entry.kind == EntryKind::Directory && !path.ends_with(b"/") {
            path.push(b'/');
        }
        check_name(&entry.path)?;
        let mut fields = Fields::new(entry);
        let mut pax = PaxRecords::default();
        let mut map = Vec::new();
        let mut content = 0;
        match &entry.kind {
            EntryKind::File {
                size_bytes,
                regions: None,
            } => content = *size_bytes,
            EntryKind::File {
                size_bytes,
                regions: Some(regions),
            } => {
                content = stored_bytes(regions, *size_bytes)
                    .filter(|_| regions.len() < MAX_REGIONS)
                    .ok_or_else(|| WriteError::Sparse { path: path.clone() })?;
                map = map_to_content(regions, *size_bytes);
                pax.sparse(&path, *size_bytes);
                path = header::sparse_placeholder(&path);
            }
            EntryKind::HardLink { target } | EntryKind::Symlink { target } => {
                check_name(target)?;
                if !fields.link(target) {
                    pax.add(b"linkpath", target);
                }
            }
            EntryKind::CharacterDevice(device) | EntryKind::BlockDevice(device) => fields.device(*device),
            EntryKind::Directory | EntryKind::Fifo => {}
        }
        if !fields.path(&path) {
            pax.add(b"path", &path);
        }
        let stored = content + map.len() as u64;
        if !fields.size(stored) {
            pax.add_number(b"size", stored);
        }
        if !fields.uid(entry.uid) {
            pax.add_number(b"uid", entry.uid.into());
        }
        if !fields.gid(entry.gid) {
            pax.add_number(b"gid", entry.gid.into());
        }
        if !fields.modified(entry.modified) {
            pax.add_time(b"mtime", entry.modified);
        }
        for (name, value) in &entry.xattrs {
            pax.xattr(name, value);
        }
        let extended = pax.into_bytes();
        if extended.len() as u64 > MAX_EXTENDED_BYTES || entry.xattrs.len() > MAX_XATTRS {
            return Err(WriteError::HeaderTooLarge { path });
        }
        if !extended.is_empty() {
            let header = Fields::extended(&path, extended.len() as u64).into_bytes();
            self.output.write_all(&header)?;
            self.output.write_all(&extended)?;
            self.output.write_all(&ZEROS[..padding(extended.len() as u64)])?;
        }
        self.output.write_all(&fields.into_bytes())?;
        self.output.write_all(&map)?;
        self.content_left = content;
        self.padding = padding(content);
        Ok(())
    }

    /// More of the current file's content.
    ///
    /// # Errors
    /// [`WriteError::ContentTooLong`], with nothing of `bytes` written, and [`WriteError::Io`].
    pub fn content(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let length = bytes.len() as u64;
        self.content_left = self
            .content_left
            .checked_sub(length)
            .ok_or_else(|| WriteError::ContentTooLong {
                excess_bytes: length - self.content_left,
            })?;
        self.output.write_all(bytes)?;
        Ok(())
    }

    /// Fills what is left of the current file's content with zeros: what readers get of a file that shrinks while it is read.
    ///
    /// # Errors
    /// [`WriteError::Io`]
    pub fn fill_content(&mut self) -> Result<(), WriteError> {
        while self.content_left > 0 {
            let length = self.content_left.min(ZEROS.len() as u64);
            self.output.write_all(&ZEROS[..length as usize])?;
            self.content_left -= length;
        }
        Ok(())
    }

    /// Ends the archive, and gives the stream back.
    ///
    /// # Errors
    /// [`WriteError::ContentMissing`], [`WriteError::Io`]
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.end_content()?;
        // POSIX `pax`, "ustar Interchange Format": two records of zeros end an archive.
        self.output.write_all(&ZEROS[..2 * RECORD_BYTES])?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn end_content(&mut self) -> Result<(), WriteError> {
        if self.content_left > 0 {
            return Err(WriteError::ContentMissing {
                missing_bytes: self.content_left,
            });
        }
        let padding = std::mem::take(&mut self.padding);
        self.output.write_all(&ZEROS[..padding])?;
        Ok(())
    }
}

/// Zeros behind content of `size_bytes`.
fn padding(size_bytes: u64) -> usize {
    (size_bytes.wrapping_neg() % RECORD_BYTES as u64) as usize
}

fn check_name(name: &[u8]) -> Result<(), WriteError> {
    if name.is_empty() || name.contains(&0) {
        return Err(WriteError::Name { name: name.to_vec() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
