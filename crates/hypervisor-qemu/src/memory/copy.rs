//! The copy of a template's memory for a machine that cannot map the template's own.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

/// A copy that is to be made before the machine is loaded, and may be made while QEMU starts.
#[derive(Debug)]
pub(crate) struct MemoryCopy {
    pub(super) from: File,
    /// As long as `from`, and nothing in it.
    pub(super) to: File,
}

impl MemoryCopy {
    /// Copies what is no hole.
    pub(crate) fn make(mut self) -> io::Result<()> {
        let length = self.from.metadata()?.len();
        let mut position = 0;
        loop {
            let start = match seek(&self.from, SeekFrom::Data(position)) {
                Ok(start) if start < length => start,
                // No data before the end, lseek(2).
                Ok(_) | Err(Errno::NXIO) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            position = seek(&self.from, SeekFrom::Hole(start))?.min(length);
            self.from.seek(io::SeekFrom::Start(start))?;
            self.to.seek(io::SeekFrom::Start(start))?;
            let source = &self.from;
            if io::copy(&mut source.take(position - start), &mut self.to)? < position - start {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
