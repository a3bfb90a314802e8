//! The content of a regular file, without its holes.

use std::io::Write;
use std::os::fd::BorrowedFd;

use container_tar::{MAX_REGIONS, Region, Writer};
use rustix::fs::{SeekFrom, seek};
use rustix::io::{Errno, pread};

use super::Refusal;
use crate::status::Status;

/// Bytes read at a time.
pub(super) const BUFFER_BYTES: usize = 256 << 10;

/// The parts of a file that have data; nothing for a file without holes, and for one on a file system that does not know of them.
pub(super) fn regions(file: BorrowedFd<'_>, status: &Status) -> Result<Option<Vec<Region>>, Errno> {
    let size_bytes = status.size_bytes;
    if status.allocated_bytes >= size_bytes {
        return Ok(None);
    }
    let mut regions = Vec::new();
    let mut at = 0;
    while at < size_bytes {
        let start = match seek(file, SeekFrom::Data(at)) {
            Ok(start) => start,
            // Nothing but a hole is left.
            Err(Errno::NXIO) => break,
            Err(_) if at == 0 => return Ok(None),
            Err(error) => return Err(error),
        };
        if start >= size_bytes {
            break;
        }
        // Of a file in too many pieces the rest is one.
        let end = if regions.len() + 2 < MAX_REGIONS {
            seek(file, SeekFrom::Hole(start)).unwrap_or(size_bytes).min(size_bytes)
        } else {
            size_bytes
        };
        if end <= start {
            break;
        }
        regions.push(Region {
            offset: start,
            length: end - start,
        });
        at = end;
    }
    let whole = [Region {
        offset: 0,
        length: size_bytes,
    }];
    Ok((regions != whole).then_some(regions))
}

/// Writes what the regions, or the whole file, have.
pub(super) fn copy<W: Write>(
    file: BorrowedFd<'_>,
    regions: Option<&[Region]>,
    size_bytes: u64,
    writer: &mut Writer<W>,
    buffer: &mut [u8],
) -> Result<(), Refusal> {
    let whole = [Region {
        offset: 0,
        length: size_bytes,
    }];
    for region in regions.unwrap_or(&whole) {
        let end = region.offset + region.length;
        let mut at = region.offset;
        while at < end {
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
            match pread(file, &mut buffer[..wanted], at) {
                // The file shrinks meanwhile.
                Ok(0) => return Ok(writer.fill_content()?),
                Ok(length) => {
                    writer.content(&buffer[..length])?;
                    at += length as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
