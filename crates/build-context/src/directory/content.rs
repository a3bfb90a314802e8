//! The content of a regular file, wherever it is kept.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use container_durable::next_data;
use container_tar::{MAX_REGIONS, Region};
use container_tree::{Attributes, Status};

use super::Xattrs;

/// Zeros for a hole, as many as are handed out at a time.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// An open regular file.
#[derive(Debug)]
pub(crate) struct Content {
    file: Arc<File>,
    place: Place,
    pub(crate) size_bytes: u64,
    pub(crate) xattrs: Xattrs,
    /// Bytes that were read.
    position: u64,
}

/// Where in a file the content is.
#[derive(Debug, Clone)]
enum Place {
    /// It is all of the file, as it was when it was opened.
    Whole(Box<Status>),
    /// The file has the content of others too: parts of this one, in order, and where each of them is. What is between them is zeros.
    Parts(Arc<[(Region, u64)]>),
}

impl Content {
    /// A file of its own.
    pub(crate) fn of_file(file: File) -> io::Result<Self> {
        let status = Status::of_file(file.as_fd())?;
        Ok(Self {
            xattrs: Attributes::Portable.of_file(file.as_fd()),
            file: Arc::new(file),
            place: Place::Whole(Box::new(status)),
            size_bytes: status.size_bytes,
            position: 0,
        })
    }

    /// Parts of a file that nobody writes to.
    pub(crate) fn of_parts(file: Arc<File>, parts: Arc<[(Region, u64)]>, size_bytes: u64, xattrs: Xattrs) -> Self {
        Self {
            file,
            place: Place::Parts(parts),
            size_bytes,
            xattrs,
            position: 0,
        }
    }

    /// Whether it is the file of this status, and has not been written to since.
    pub(crate) fn is_still(&self, status: &Status) -> io::Result<bool> {
        Ok(match &self.place {
            Place::Whole(opened) => is_same(opened, status) && is_same(&Status::of_file(self.file.as_fd())?, status),
            Place::Parts(_) => true,
        })
    }

    /// The parts that have data; nothing for a file that has it everywhere.
    pub(crate) fn regions(&self) -> io::Result<Option<Vec<Region>>> {
        let size_bytes = self.size_bytes;
        let regions: Vec<Region> = match &self.place {
            Place::Whole(status) if status.allocated_bytes >= size_bytes => return Ok(None),
            Place::Whole(_) => self.regions_of_file()?,
            Place::Parts(parts) => parts.iter().map(|(region, _)| *region).collect(),
        };
        let whole = [Region {
            offset: 0,
            length: size_bytes,
        }];
        let is_whole = regions == whole || size_bytes == 0;
        Ok((!is_whole).then_some(regions))
    }

    fn regions_of_file(&self) -> io::Result<Vec<Region>> {
        let (mut regions, mut at) = (Vec::new(), 0);
        while let Some(found) = next_data(&self.file, at, self.size_bytes)? {
            // Of a file in too many pieces the rest is one.
            let end = if regions.len() + 2 < MAX_REGIONS {
                found.end
            } else {
                self.size_bytes
            };
            regions.push(Region {
                offset: found.start,
                length: end - found.start,
            });
            at = end;
        }
        Ok(regions)
    }

    /// Reads what is at a position, a hole as zeros; nothing at the end.
    pub(crate) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size_bytes.saturating_sub(position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let parts = match &self.place {
            Place::Whole(_) => return read_at(&self.file, &mut buffer[..wanted], position),
            Place::Parts(parts) => parts,
        };
        let next = parts.partition_point(|(region, _)| region.offset + region.length <= position);
        let (in_hole, found) = match parts.get(next) {
            Some((region, at)) if region.offset <= position => {
                let inside = position - region.offset;
                let length = clamped(region.length - inside, wanted);
                return read_at(&self.file, &mut buffer[..length], at + inside);
            }
            Some((region, _)) => (region.offset - position, wanted),
            None => (u64::MAX, wanted),
        };
        let length = clamped(in_hole, found).min(ZEROS.len());
        buffer[..length].copy_from_slice(&ZEROS[..length]);
        Ok(length)
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.read_at(buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}

/// Whether a file is the same, and as it was. How much of the disk it takes may change by itself, when what was written gets there.
fn is_same(one: &Status, other: &Status) -> bool {
    let told = |status: &Status| {
        let Status {
            kind, mode, size_bytes, ..
        } = *status;
        (kind, mode, size_bytes, status.identity, status.modified, status.changed)
    };
    told(one) == told(other)
}

fn clamped(length: u64, limit: usize) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX).min(limit)
}

fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, position) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
