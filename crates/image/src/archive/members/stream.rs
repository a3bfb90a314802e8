//! Members of a tar stream, plain or compressed.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

use container_tar::{EntryKind, ReadError, Reader};

use super::path::clean;
use super::{Members, ReadEvent, Reading, tell};
use crate::archive::ArchiveError;
use crate::archive::compression::unpacked;

/// Size of the read buffer.
const BUFFER_BYTES: usize = 256 * 1024;

/// Reads the stream to the end of the archive.
pub(super) fn read(members: &mut Members, reading: &mut Reading<'_>, stream: impl Read) -> Result<(), ArchiveError> {
    // Counted below the decompressor, so that what is told compares with the size of the file.
    let read_bytes = Cell::new(0);
    let counted = Counted {
        stream,
        read_bytes: &read_bytes,
    };
    let source = unpacked(counted).map_err(|source| ArchiveError::Read { source })?;
    let mut tar = Reader::new(BufReader::with_capacity(BUFFER_BYTES, source));
    while let Some(entry) = tar.next_entry()? {
        tell(reading.on_event, ReadEvent::Bytes(read_bytes.get())).map_err(|source| ArchiveError::Read { source })?;
        let (target, is_hard) = match &entry.kind {
            EntryKind::File { regions: None, .. } => (None, false),
            EntryKind::File { regions: Some(_), .. } => {
                let name = String::from_utf8_lossy(&entry.path).into_owned();
                return Err(ArchiveError::Sparse { name });
            }
            EntryKind::HardLink { target } => (Some(target), true),
            EntryKind::Symlink { target } => (Some(target), false),
            EntryKind::Directory => continue,
            EntryKind::CharacterDevice(_) | EntryKind::BlockDevice(_) | EntryKind::Fifo => continue,
        };
        let Some(name) = clean(&entry.path, "") else {
            reading.unsafe_member(String::from_utf8_lossy(&entry.path).into_owned())?;
            continue;
        };
        match target {
            None => {
                let on_event = &mut *reading.on_event;
                let mut content = Content {
                    tar: &mut tar,
                    read_bytes: &read_bytes,
                    on_event,
                };
                members.stage(reading.session, name, &mut content, from_io)?;
            }
            Some(target) => {
                // A symbolic link is relative to its own directory, a hard link to the root of the archive.
                let base = if is_hard {
                    ""
                } else {
                    name.rsplit_once('/').map_or("", |(parent, _)| parent)
                };
                match clean(target, base) {
                    Some(target) => members.link(name, target)?,
                    None => reading.unsafe_member(format!("{name} -> {}", String::from_utf8_lossy(target)))?,
                }
            }
        }
    }
    Ok(())
}

/// The content of the entry at which the reader is.
struct Content<'a, R> {
    tar: &'a mut Reader<R>,
    read_bytes: &'a Cell<u64>,
    on_event: &'a mut dyn FnMut(ReadEvent) -> bool,
}

impl<R: BufRead> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.tar.content().map_err(io::Error::other)?;
        let count = content.len().min(buffer.len());
        buffer[..count].copy_from_slice(&content[..count]);
        self.tar.consume(count);
        tell(self.on_event, ReadEvent::Bytes(self.read_bytes.get()))?;
        Ok(count)
    }
}

/// The tar's own error, from under the [`io::Error`] in which it travelled.
fn from_io(error: io::Error) -> ArchiveError {
    match error.downcast::<ReadError>() {
        Ok(error) => error.into(),
        Err(source) => ArchiveError::Read { source },
    }
}

struct Counted<'a, R> {
    stream: R,
    read_bytes: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.read_bytes.set(self.read_bytes.get() + count as u64);
        Ok(count)
    }
}
