//! The stream of a tar as headers, contents and the zeros between them.

use std::io::{BufRead, ErrorKind};

use crate::error::ReadError;
use crate::header::{Header, RECORD_BYTES};

/// Reads on, and knows where it is.
#[derive(Debug)]
pub(crate) struct Records<R> {
    source: R,
    /// Bytes read so far.
    offset: u64,
    /// Where the header being read started.
    header_offset: u64,
    /// Bytes of the current entry's content that were not read yet.
    content_left: u64,
    /// Zeros after the content, up to the next record.
    padding_left: u64,
    ended: bool,
}

impl<R: BufRead> Records<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            offset: 0,
            header_offset: 0,
            content_left: 0,
            padding_left: 0,
            ended: false,
        }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn header_offset(&self) -> u64 {
        self.header_offset
    }

    pub(crate) fn content_left(&self) -> u64 {
        self.content_left
    }

    /// More of the current entry's content, empty at its end. Call [`Self::consume`] with how much of it was used.
    pub(crate) fn content(&mut self) -> Result<&[u8], ReadError> {
        if self.content_left == 0 {
            return Ok(&[]);
        }
        let offset = self.offset;
        let bytes = fill(&mut self.source)?;
        if bytes.is_empty() {
            return Err(ReadError::Truncated { offset });
        }
        let length = usize::try_from(self.content_left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        Ok(&bytes[..length])
    }

    /// Says that `length` bytes of what [`Self::content`] returned were used.
    pub(crate) fn consume(&mut self, length: usize) {
        self.source.consume(length);
        self.offset += length as u64;
        self.content_left = self.content_left.saturating_sub(length as u64);
    }

    /// The stream, for what comes after the tar's end.
    pub(crate) fn into_inner(self) -> R {
        self.source
    }

    /// Gets ready for the content of an entry.
    pub(crate) fn begin_content(&mut self, size: u64) {
        self.content_left = size;
        self.padding_left = size.wrapping_neg() % RECORD_BYTES as u64;
    }

    /// Skips what is left of the content, and the zeros behind it. A tar may end without those.
    pub(crate) fn skip_content(&mut self) -> Result<(), ReadError> {
        while self.content_left > 0 {
            let length = self.content()?.len();
            self.consume(length);
        }
        while self.padding_left > 0 {
            let length = (fill(&mut self.source)?.len() as u64).min(self.padding_left);
            if length == 0 {
                self.padding_left = 0;
                self.ended = true;
            }
            self.source.consume(length as usize);
            self.offset += length;
            self.padding_left -= length;
        }
        Ok(())
    }

    /// The content of an extended header, whose size is taken off `room`.
    pub(crate) fn read_extended(&mut self, header: &Header<'_>, room: &mut u64) -> Result<Vec<u8>, ReadError> {
        let size_bytes = size_of(header, self.header_offset)?;
        *room = room.checked_sub(size_bytes).ok_or(ReadError::HeaderTooLarge {
            offset: self.header_offset,
            size_bytes,
        })?;
        let mut bytes = vec![0; size_bytes as usize];
        self.read_exactly(&mut bytes)?;
        self.begin_content(size_bytes);
        self.content_left = 0;
        self.skip_content()?;
        Ok(bytes)
    }

    /// The next header; `None` at a record of zeros or where the stream ends between entries.
    pub(crate) fn read_header(&mut self) -> Result<Option<[u8; RECORD_BYTES]>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        self.header_offset = self.offset;
        let mut bytes = [0; RECORD_BYTES];
        if fill(&mut self.source)?.is_empty() {
            self.ended = true;
            return Ok(None);
        }
        self.read_exactly(&mut bytes)?;
        if bytes.iter().all(|byte| *byte == 0) {
            self.ended = true;
            return Ok(None);
        }
        Ok(Some(bytes))
    }

    pub(crate) fn read_exactly(&mut self, bytes: &mut [u8]) -> Result<(), ReadError> {
        self.source.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ReadError::Truncated { offset: self.offset },
            _ => ReadError::Io(error),
        })?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Reads the next record of the content, which must have a whole one.
    pub(crate) fn content_record(&mut self) -> Result<Option<[u8; RECORD_BYTES]>, ReadError> {
        if self.content_left < RECORD_BYTES as u64 {
            return Ok(None);
        }
        let mut record = [0; RECORD_BYTES];
        self.read_exactly(&mut record)?;
        self.content_left -= RECORD_BYTES as u64;
        Ok(Some(record))
    }
}

/// The size that a header gives.
pub(crate) fn size_of(header: &Header<'_>, offset: u64) -> Result<u64, ReadError> {
    header.size().ok_or(ReadError::Number { offset, field: "size" })
}

/// What the stream has at hand, read on when that is nothing.
fn fill(source: &mut impl BufRead) -> Result<&[u8], ReadError> {
    // Returning the slice from inside of the loop does not satisfy the borrow checker, so it is taken again.
    loop {
        match source.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ReadError::Io(error)),
        }
    }
    source.fill_buf().map_err(ReadError::Io)
}
