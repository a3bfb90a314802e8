//! What a node has in blocks of its own.

use std::io::{Seek, Write};

use crate::disk::block_range::BlockRange;
use crate::disk::extent::dense;
use crate::error::WriteError;
use crate::tree::NodeId;
use crate::writer::Writer;

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
    pub(super) fn append_content(&mut self, id: NodeId, bytes: &[u8]) -> Result<Stored, WriteError> {
        let data = self.sink.append(bytes)?;
        self.stored(id, data, bytes.len() as u64)
    }

    /// Maps a run of blocks that was just appended.
    pub(super) fn stored(&mut self, id: NodeId, data: BlockRange, size_bytes: u64) -> Result<Stored, WriteError> {
        let earlier = self.tree_blocks.len();
        let map = self.write_extents(&dense(data))?;
        self.tree_blocks[earlier..].iter_mut().for_each(|block| block.node = id);
        Ok(Stored {
            size_bytes,
            // A tree, if there is one, lies right behind the data.
            blocks: self.sink.next_block() - data.start,
            map,
            indexed: false,
        })
    }
}
