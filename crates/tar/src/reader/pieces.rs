//! The content of a file in the order of the file, with its holes.

use std::io::BufRead;

use super::Reader;
use crate::entry::Region;
use crate::error::ReadError;

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Content.
    Bytes(&'a [u8]),
    /// So many bytes that the tar does not have, and that read as zeros.
    Hole(u64),
}

impl<R: BufRead> Reader<R> {
    /// Hands out all of the current entry, a file of `size_bytes` that has data in `regions`; `None` if everywhere, as [`EntryKind::File`] says.
    ///
    /// [`EntryKind::File`]: crate::EntryKind::File
    ///
    /// # Errors
    /// What `each` returns; [`ReadError::Io`]; [`ReadError::Truncated`] where the content ends before the file does.
    pub fn each_piece<E: From<ReadError>>(
        &mut self,
        size_bytes: u64,
        regions: Option<&[Region]>,
        mut each: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let whole = [Region {
            offset: 0,
            length: size_bytes,
        }];
        let mut at = 0_u64;
        for region in regions.unwrap_or(&whole) {
            hole(region.offset.saturating_sub(at), &mut each)?;
            self.stored(region.length, &mut each)?;
            at = region.offset.saturating_add(region.length);
        }
        hole(size_bytes.saturating_sub(at), &mut each)
    }

    /// Hands out the next `left_bytes` of the content.
    fn stored<E: From<ReadError>>(
        &mut self,
        mut left_bytes: u64,
        each: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while left_bytes > 0 {
            let offset = self.records.offset();
            let bytes = self.content()?;
            let length = usize::try_from(left_bytes).unwrap_or(usize::MAX).min(bytes.len());
            if length == 0 {
                return Err(ReadError::Truncated { offset }.into());
            }
            each(Piece::Bytes(&bytes[..length]))?;
            self.consume(length);
            left_bytes -= length as u64;
        }
        Ok(())
    }
}

fn hole<E>(length: u64, each: &mut impl FnMut(Piece<'_>) -> Result<(), E>) -> Result<(), E> {
    match length {
        0 => Ok(()),
        _ => each(Piece::Hole(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, EntryKind, Timestamp, Writer};

    /// A tar of a file, and what its reader hands out.
    fn pieces(
        size_bytes: u64,
        regions: Option<Vec<Region>>,
        content: &[u8],
        asked_bytes: u64,
    ) -> Result<Vec<u8>, ReadError> {
        let mut writer = Writer::new(Vec::new());
        let kind = EntryKind::File { size_bytes, regions };
        let entry = Entry {
            path: b"file".to_vec(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            modified: Timestamp::default(),
            xattrs: Vec::new(),
        };
        writer.begin(&entry).unwrap();
        writer.content(content).unwrap();
        let tar = writer.finish().unwrap();
        // In small pieces, as streams arrive.
        let mut reader = Reader::new(std::io::BufReader::with_capacity(3, tar.as_slice()));
        let EntryKind::File { regions, .. } = reader.next_entry()?.unwrap().kind else {
            panic!("a file")
        };
        let mut found = Vec::new();
        reader.each_piece(asked_bytes, regions.as_deref(), |piece| {
            match piece {
                Piece::Bytes(bytes) => found.extend_from_slice(bytes),
                Piece::Hole(length) => found.resize(found.len() + length as usize, b'.'),
            }
            Ok::<_, ReadError>(())
        })?;
        Ok(found)
    }

    #[test]
    fn a_file_comes_in_its_order_with_its_holes() {
        let region = |offset, length| Region { offset, length };
        assert_eq!(pieces(8, None, b"12345678", 8).unwrap(), b"12345678");
        assert_eq!(pieces(0, None, b"", 0).unwrap(), b"");
        let regions = vec![region(2, 3), region(7, 4)];
        assert_eq!(pieces(13, Some(regions), b"1234567", 13).unwrap(), b"..123..4567..");
        assert_eq!(pieces(4, Some(vec![region(0, 4)]), b"1234", 4).unwrap(), b"1234");
        assert_eq!(pieces(3, Some(Vec::new()), b"", 3).unwrap(), b"...");
    }

    #[test]
    fn content_that_is_too_short_is_an_error() {
        let error = pieces(8, None, b"12345678", 9).unwrap_err();
        assert!(matches!(error, ReadError::Truncated { .. }), "{error}");
    }
}
