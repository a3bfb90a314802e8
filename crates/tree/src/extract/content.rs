//! The content of a regular file, holes included.

use std::io::BufRead;
use std::os::fd::BorrowedFd;

use container_tar::{Piece, Reader, Region};
use rustix::fs::ftruncate;
use rustix::io::{Errno, pwrite};

use super::unwritable;
use crate::error::ExtractError;

/// Writes the current entry's content to a file that is empty.
pub(super) fn write<R: BufRead>(
    file: BorrowedFd<'_>,
    size_bytes: u64,
    regions: Option<&[Region]>,
    reader: &mut Reader<R>,
    path: &[u8],
) -> Result<(), ExtractError> {
    let mut at = 0;
    reader.each_piece(size_bytes, regions, |piece| {
        match piece {
            Piece::Hole(length) => at += length,
            Piece::Bytes(bytes) => {
                write_at(file, bytes, at).map_err(|error| unwritable(path, error))?;
                at += bytes.len() as u64;
            }
        }
        Ok::<_, ExtractError>(())
    })?;
    if regions.is_some() {
        ftruncate(file, size_bytes).map_err(|error| unwritable(path, error))?;
    }
    Ok(())
}

fn write_at(file: BorrowedFd<'_>, mut bytes: &[u8], mut at: u64) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match pwrite(file, bytes, at) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => {
                bytes = &bytes[written..];
                at += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
