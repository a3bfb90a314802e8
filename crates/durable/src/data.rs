//! Where a file has data and where it has holes.

use std::fs::File;
use std::io;
use std::ops::Range;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use crate::unsupported::is_unsupported;

/// Where the next data or the next hole begins, before `length`. A file system that cannot tell has only data.
pub(crate) fn next(file: &File, what: SeekFrom, length: u64) -> io::Result<Option<u64>> {
    let found = match rustix::fs::seek(file, what) {
        Ok(found) => found,
        // lseek(2): no data before the end, or the position is the end.
        Err(Errno::NXIO) => return Ok(None),
        Err(error) if is_unsupported(&error.into()) => match what {
            SeekFrom::Data(position) => position,
            _ => return Ok(None),
        },
        Err(error) => return Err(error.into()),
    };
    Ok((found < length).then_some(found))
}

/// The first run of data at or behind `position` and before `length`; `None` when only holes are left. What a program wrote may be a hole
/// or not, zeros too: all that is sure is that holes read as zeros.
///
/// # Errors
/// What the system says.
pub fn next_data(file: &File, position: u64, length: u64) -> io::Result<Option<Range<u64>>> {
    let Some(start) = next(file, SeekFrom::Data(position), length)? else {
        return Ok(None);
    };
    let end = next(file, SeekFrom::Hole(start), length)?.unwrap_or(length);
    Ok(Some(start..end))
}
