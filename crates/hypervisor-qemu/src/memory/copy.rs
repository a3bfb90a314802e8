//! The copy of a template's memory for a machine that cannot map the template's own.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

/// Read at a time: little enough for a processor's cache.
const BLOCK_BYTES: usize = 128 << 10;

/// A part of the memory that takes none of the host's as long as nothing is written to it. A quarter of those that a template's file has are zeros.
const ZEROS: [u8; 4 << 10] = [0; 4 << 10];

/// A copy that is to be made before the machine is loaded, and may be made while QEMU starts.
#[derive(Debug)]
pub(crate) struct MemoryCopy {
    pub(super) from: File,
    /// As long as `from`, and nothing in it.
    pub(super) to: File,
}

impl MemoryCopy {
    /// Copies what is no hole and not zeros.
    pub(crate) fn make(self) -> io::Result<()> {
        let length = self.from.metadata()?.len();
        let mut block = vec![0; BLOCK_BYTES];
        let mut position = 0;
        loop {
            let start = match seek(&self.from, SeekFrom::Data(position)) {
                Ok(start) if start < length => start,
                // No data before the end, lseek(2).
                Ok(_) | Err(Errno::NXIO) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            position = seek(&self.from, SeekFrom::Hole(start))?.min(length);
            self.extent(start, position, &mut block)?;
        }
    }

    fn extent(&self, start: u64, end: u64, block: &mut [u8]) -> io::Result<()> {
        let mut position = start;
        while position < end {
            let left = usize::try_from(end - position).unwrap_or(usize::MAX);
            let (bytes, _) = block.split_at_mut(left.min(BLOCK_BYTES));
            self.from.read_exact_at(bytes, position)?;
            self.write(bytes, position)?;
            position += bytes.len() as u64;
        }
        Ok(())
    }

    fn write(&self, mut bytes: &[u8], mut position: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let (zeros, rest) = bytes.split_at(leading(bytes, true));
            let (data, rest) = rest.split_at(leading(rest, false));
            position += zeros.len() as u64;
            self.to.write_all_at(data, position)?;
            position += data.len() as u64;
            bytes = rest;
        }
        Ok(())
    }
}

/// The length of the parts at the beginning that are zeros, or are not.
fn leading(bytes: &[u8], zeros: bool) -> usize {
    let parts = bytes.chunks(ZEROS.len());
    let alike = parts.take_while(|part| ZEROS.starts_with(part) == zeros);
    alike.map(<[u8]>::len).sum()
}
