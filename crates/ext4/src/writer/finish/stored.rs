//! What a node has in blocks of its own.

use std::io::{Seek, Write};

use crate::disk::block_range::BlockRange;
use crate::disk::extent::dense;
use crate::error::WriteError;
use crate::writer::Writer;
use crate::writer::extents::write_extents;

/// What a node has in blocks of its own: directory blocks, or a long link target.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) size_bytes: u64,
    /// Those of the extent tree included.
    pub(super) blocks: u32,
    pub(super) map: [u8; 60],
    /// A directory with an index.
    pub(super) indexed: bool,
}

impl<W: Write + Seek> Writer<W> {
    /// Appends the content of a node.
    pub(super) fn append_content(&mut self, bytes: &[u8]) -> Result<Stored, WriteError> {
        let data = self.sink.append(bytes)?;
        self.stored(data, bytes.len() as u64)
    }

    /// Maps a run of blocks that was just appended.
    pub(super) fn stored(&mut self, data: BlockRange, size_bytes: u64) -> Result<Stored, WriteError> {
        let map = write_extents(&dense(data), &mut self.sink)?;
        Ok(Stored {
            size_bytes,
            // A tree, if there is one, lies right behind the data.
            blocks: self.sink.next_block() - data.start,
            map,
            indexed: false,
        })
    }
}
