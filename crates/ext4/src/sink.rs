//! The image file as a sequence of blocks that only grows, written in large pieces.

use std::io::{self, Seek, SeekFrom, Write};

use crate::disk::block_range::BlockRange;
use crate::disk::block_size::BlockSize;
use crate::disk::put::low32;
use crate::error::WriteError;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Appends blocks; everything before the buffer is in the file.
#[derive(Debug)]
pub(crate) struct Sink<W> {
    out: W,
    /// Where the next plain write to `out` would land.
    position: u64,
    buffer: Vec<u8>,
    /// Block number of the buffer's first byte.
    buffer_block: u64,
    capacity_blocks: u64,
    block_bytes: usize,
}

impl<W: Write + Seek> Sink<W> {
    /// Starts at `first_block` of an empty `out`.
    pub(crate) fn new(out: W, block_size: BlockSize, first_block: u64, capacity_blocks: u64) -> Self {
        let buffer = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
        Self {
            out,
            position: u64::MAX,
            buffer,
            buffer_block: first_block,
            capacity_blocks,
            block_bytes: block_size.bytes(),
        }
    }

    pub(crate) fn block_bytes(&self) -> usize {
        self.block_bytes
    }

    /// The block that the next byte goes to; only meaningful at a block's start.
    pub(crate) fn next_block(&self) -> u32 {
        low32(self.buffer_block + (self.buffer.len() / self.block_bytes) as u64)
    }

    /// Appends bytes to the buffer without writing it, so that [`Self::tail`] and [`Self::roll_back`] still reach them.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The last `length` bytes pushed.
    pub(crate) fn tail(&self, length: usize) -> &[u8] {
        &self.buffer[self.buffer.len() - length..]
    }

    /// Forgets the last `length` bytes pushed.
    pub(crate) fn roll_back(&mut self, length: usize) {
        self.buffer.truncate(self.buffer.len() - length);
    }

    /// Appends zeros up to the end of the block.
    pub(crate) fn pad(&mut self) {
        self.buffer
            .resize(self.buffer.len().next_multiple_of(self.block_bytes), 0);
    }

    /// Ends a piece: checks the capacity, and writes the buffer once it is large and ends with a block.
    pub(crate) fn settle(&mut self) -> Result<(), WriteError> {
        if self.buffer_block + (self.buffer.len() / self.block_bytes) as u64 > self.capacity_blocks {
            return Err(WriteError::DiskFull {
                capacity_bytes: self.capacity_blocks * self.block_bytes as u64,
            });
        }
        let large = self.buffer.len() >= BUFFER_BYTES && self.buffer.len().is_multiple_of(self.block_bytes);
        if large { Ok(self.flush()?) } else { Ok(()) }
    }

    /// Appends `bytes`, filled up to whole blocks, and says where they went.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<BlockRange, WriteError> {
        let start = self.next_block();
        for piece in bytes.chunks(BUFFER_BYTES) {
            self.push(piece);
            self.pad();
            self.settle()?;
        }
        Ok(BlockRange {
            start,
            count: self.next_block() - start,
        })
    }

    /// Goes on at `block`, which is behind everything that was appended. What is skipped stays a hole.
    pub(crate) fn skip_to(&mut self, block: u64) -> io::Result<()> {
        self.flush()?;
        self.buffer_block = block;
        Ok(())
    }

    /// Writes what is gathered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let at = self.buffer_block * self.block_bytes as u64;
        if self.position != at {
            self.out.seek(SeekFrom::Start(at))?;
        }
        self.out.write_all(&self.buffer)?;
        self.position = at + self.buffer.len() as u64;
        self.buffer_block += (self.buffer.len() / self.block_bytes) as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes `bytes` at byte `offset`, outside of the sequence.
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(offset))?;
        self.position = u64::MAX;
        self.out.write_all(bytes)
    }
}
