//! Regular files, streamed into the disk.

use std::io::{self, Seek, Write};

use super::Writer;
use super::resolve::Place;
use crate::disk::block_range::BlockRange;
use crate::disk::extent::{Extent, add_run};
use crate::error::WriteError;
use crate::metadata::Metadata;
use crate::tree::{Content, FileData, NodeId};

/// Zeros become a hole when they fill such a piece of the file, counted from its start.
const PIECE_BYTES: u64 = 64 << 10;
/// Runs of one file: 12 MiB of memory while it is written.
const MAX_EXTENTS: usize = 1 << 20;
const ZEROS: [u8; 4096] = [0; 4096];

impl<W: Write + Seek> Writer<W> {
    /// Begins a regular file. It appears at `path` when [`FileWriter::finish`] is called; dropping the [`FileWriter`] leaves nothing of it.
    ///
    /// # Errors
    /// Any [`WriteError`] about the path, the attributes or a limit.
    pub fn file(&mut self, path: &[u8], metadata: Metadata) -> Result<FileWriter<'_, W>, WriteError> {
        self.check_xattrs(path, &metadata.xattrs)?;
        let Place::In { parent, name } = self.make_place(path)? else {
            return Err(WriteError::InvalidPath { path: path.to_vec() });
        };
        self.begin_file(path, parent, name, metadata)
    }

    /// Begins the file `name` in the directory `parent`; `path` is for errors.
    pub(super) fn begin_file(
        &mut self,
        path: &[u8],
        parent: NodeId,
        name: &[u8],
        metadata: Metadata,
    ) -> Result<FileWriter<'_, W>, WriteError> {
        self.drop_unfinished_file()?;
        let first_block = self.sink.next_block();
        self.open_file = Some(first_block);
        Ok(FileWriter {
            writer: self,
            path: path.to_vec(),
            name: name.to_vec(),
            parent,
            metadata,
            first_block,
            extents: Vec::new(),
            offset: 0,
            pending: 0,
        })
    }

    /// Frees the blocks of a file that was begun and never finished.
    pub(super) fn drop_unfinished_file(&mut self) -> Result<(), WriteError> {
        if let Some(start) = self.open_file.take() {
            self.sink.pad();
            self.sink.settle()?;
            let count = self.sink.next_block() - start;
            self.tree.free(BlockRange { start, count });
        }
        Ok(())
    }
}

/// Takes the content of one regular file. Large runs of zeros become holes.
#[derive(Debug)]
pub struct FileWriter<'a, W: Write + Seek> {
    writer: &'a mut Writer<W>,
    path: Vec<u8>,
    name: Vec<u8>,
    parent: NodeId,
    metadata: Metadata,
    first_block: u32,
    extents: Vec<Extent>,
    /// Bytes of the file so far.
    offset: u64,
    /// The last bytes of the file that are in the sink and not in an extent yet. They start at a block's start.
    pending: usize,
}

impl<W: Write + Seek> FileWriter<'_, W> {
    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`WriteError::Io`], [`WriteError::DiskFull`], [`WriteError::FileTooLarge`].
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        self.check_size(bytes.len() as u64)?;
        while !bytes.is_empty() {
            let room = (PIECE_BYTES - self.offset % PIECE_BYTES) as usize;
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.writer.sink.push(piece);
            self.offset += piece.len() as u64;
            self.pending += piece.len();
            if piece.len() == room {
                self.settle()?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Appends `length` zero bytes without writing those that fill whole blocks.
    ///
    /// # Errors
    /// [`WriteError::Io`], [`WriteError::DiskFull`], [`WriteError::FileTooLarge`].
    pub fn skip(&mut self, length: u64) -> Result<(), WriteError> {
        self.check_size(length)?;
        let end = self.offset + length;
        let block = self.block_bytes();
        let to_block_end = self.offset.next_multiple_of(block).min(end) - self.offset;
        self.append(&ZEROS[..to_block_end as usize])?;
        let hole = (end - self.offset) / block * block;
        if hole > 0 {
            self.settle()?;
            self.offset += hole;
        }
        self.append(&ZEROS[..(end - self.offset) as usize])
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`WriteError::Io`], [`WriteError::DiskFull`], [`WriteError::TooManyEntries`], [`WriteError::TooMuchMetadata`].
    pub fn finish(self) -> Result<(), WriteError> {
        self.place().map(drop)
    }

    /// Puts the file in its place and says which node it is.
    pub(super) fn place(mut self) -> Result<NodeId, WriteError> {
        self.settle()?;
        let earlier = self.writer.tree_blocks.len();
        let map = match self.extents.as_slice() {
            [] => None,
            [only] if only.logical == 0 => None,
            extents => Some(self.writer.write_extents(extents)?),
        };
        let count = self.writer.sink.next_block() - self.first_block;
        let range = BlockRange {
            start: self.first_block,
            count,
        };
        self.writer.open_file = None;
        self.writer.clear_place(self.parent, &self.name)?;
        let content = Content::File(FileData {
            size_bytes: self.offset,
            range,
            map,
        });
        let node = self.writer.add_node(self.parent, &self.name, &self.metadata, content)?;
        self.writer.tree_blocks[earlier..]
            .iter_mut()
            .for_each(|block| block.node = node);
        Ok(node)
    }

    fn block_bytes(&self) -> u64 {
        self.writer.sink.block_bytes() as u64
    }

    fn check_size(&self, more: u64) -> Result<(), WriteError> {
        // Logical blocks are numbered with 32 bits.
        let max_file_bytes = u64::from(u32::MAX) * self.block_bytes();
        match self.offset.checked_add(more) {
            Some(size) if size <= max_file_bytes && self.extents.len() < MAX_EXTENTS => Ok(()),
            _ => Err(WriteError::FileTooLarge {
                path: self.path.clone(),
            }),
        }
    }

    /// Turns the pending bytes into an extent, or into a hole when they are all zero.
    fn settle(&mut self) -> Result<(), WriteError> {
        let block = self.block_bytes();
        let sink = &mut self.writer.sink;
        if self.pending > 0 && is_zero(sink.tail(self.pending)) {
            sink.roll_back(self.pending);
        } else if self.pending > 0 {
            let count = (self.pending as u64).div_ceil(block) as u32;
            sink.pad();
            let physical = sink.next_block() - count;
            let logical = ((self.offset - self.pending as u64) / block) as u32;
            add_run(
                &mut self.extents,
                Extent {
                    logical,
                    physical,
                    count,
                },
            );
            sink.settle()?;
        }
        self.pending = 0;
        Ok(())
    }
}

impl<W: Write + Seek> Write for FileWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<16>();
    words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && rest.iter().all(|byte| *byte == 0)
}
