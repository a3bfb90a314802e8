//! The extents of a file, written to the disk.

use std::io::{Seek, Write};

use crate::disk::extent::{Extent, ExtentTree};
use crate::error::WriteError;
use crate::sink::Sink;

/// Appends the blocks of the extent tree, if it needs any, and returns the "i_block" of the inode.
///
/// Called right behind the file's data, so that a file with its tree is one run of blocks.
pub(super) fn write_extents<W: Write + Seek>(extents: &[Extent], sink: &mut Sink<W>) -> Result<[u8; 60], WriteError> {
    let tree = ExtentTree::new(extents, sink.block_bytes(), sink.next_block());
    sink.append(&tree.blocks)?;
    Ok(tree.root)
}
