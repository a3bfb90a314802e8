//! Archives as a tar stream.

use std::io::{self, Read, Write};

use tar::{Builder, EntryType, Header};

use super::{Sink, WriteFailure, copy};

/// Everything in a tar file starts at a multiple of this (POSIX.1-2017, pax, "ustar Interchange Format").
const BLOCK_BYTES: usize = 512;

/// Writes a tar stream whose bytes depend on the members alone.
pub(crate) struct TarSink<W: Write> {
    builder: Builder<W>,
}

impl<W: Write> TarSink<W> {
    pub(crate) fn new(output: W) -> Self {
        Self {
            builder: Builder::new(output),
        }
    }

    /// Ends the archive.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.builder.into_inner()
    }
}

impl<W: Write> Sink for TarSink<W> {
    fn file(&mut self, name: &str, size_bytes: u64, content: &mut dyn Read) -> Result<(), WriteFailure> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size_bytes);
        self.builder
            .append_data(&mut header, name, io::empty())
            .map_err(WriteFailure::Output)?;
        let output = self.builder.get_mut();
        let written_bytes = copy(content, |bytes| output.write_all(bytes))?;
        let padding = written_bytes.next_multiple_of(BLOCK_BYTES as u64) - written_bytes;
        let padding = usize::try_from(padding).unwrap_or_default();
        output
            .write_all(&[0; BLOCK_BYTES][..padding])
            .map_err(WriteFailure::Output)
    }
}
