//! From headers to entries.

mod pieces;

use std::io::BufRead;

use crate::metadata::{DeviceNumber, Timestamp};

use crate::entry::{Entry, EntryKind};
use crate::error::ReadError;
use crate::header::Header;
use crate::pax::Pax;
use crate::records::{Records, size_of};
use crate::sparse::{map_in_content, old_gnu_map, pairs, stored_bytes};

pub use pieces::Piece;

/// The most bytes of extended headers before one entry: one of the largest that Go's `archive/tar` takes, and as much again.
pub(crate) const MAX_EXTENDED_BYTES: u64 = 2 << 20;

/// Reads a tar entry by entry.
#[derive(Debug)]
pub struct Reader<R> {
    records: Records<R>,
    /// What global headers said.
    global: Pax,
}

impl<R: BufRead> Reader<R> {
    /// Starts at the beginning of a tar.
    pub fn new(source: R) -> Self {
        Self {
            records: Records::new(source),
            global: Pax::default(),
        }
    }

    /// The next entry, or `None` at the end of the tar. Content of the entry before that was not read is skipped.
    ///
    /// # Errors
    /// Any [`ReadError`]; the reader cannot go on after one.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        self.records.skip_content()?;
        let mut pax: Option<Pax> = None;
        let (mut long_path, mut long_link) = (None, None);
        let mut room = MAX_EXTENDED_BYTES;
        while let Some(bytes) = self.records.read_header()? {
            let header = Header::parse(&bytes).ok_or(ReadError::Checksum {
                offset: self.records.header_offset(),
            })?;
            match header.kind() {
                b'x' | b'X' => {
                    let records = self.records.read_extended(&header, &mut room)?;
                    pax.get_or_insert_default().add(&records).ok_or(ReadError::Pax {
                        offset: self.records.header_offset(),
                    })?;
                }
                b'g' => {
                    let records = self.records.read_extended(&header, &mut room)?;
                    let mut global = std::mem::take(&mut self.global);
                    global.add(&records).ok_or(ReadError::Pax {
                        offset: self.records.header_offset(),
                    })?;
                    self.global = global.into_global();
                }
                b'L' => long_path = Some(until_nul(self.records.read_extended(&header, &mut room)?)),
                b'K' => long_link = Some(until_nul(self.records.read_extended(&header, &mut room)?)),
                // A volume's label, and long names of a format given up in the eighties.
                b'V' | b'N' => {
                    self.records
                        .begin_content(size_of(&header, self.records.header_offset())?);
                    self.records.skip_content()?;
                }
                _ => {
                    let mut pax = pax.unwrap_or_default();
                    pax.path = pax.path.or(long_path);
                    pax.link = pax.link.or(long_link);
                    return self.entry(&header, pax).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// More of the current entry's content, empty at its end. Call [`Self::consume`] with how much of it was used.
    ///
    /// # Errors
    /// [`ReadError::Io`], [`ReadError::Truncated`].
    pub fn content(&mut self) -> Result<&[u8], ReadError> {
        self.records.content()
    }

    /// Says that `length` bytes of what [`Self::content`] returned were used.
    pub fn consume(&mut self, length: usize) {
        self.records.consume(length);
    }

    /// The stream, for what comes after the tar's end.
    pub fn into_inner(self) -> R {
        self.records.into_inner()
    }

    /// Builds the entry that `header` and the extended headers before it describe, and gets ready for its content.
    fn entry(&mut self, header: &Header<'_>, pax: Pax) -> Result<Entry, ReadError> {
        let offset = self.records.header_offset();
        let number = |field| ReadError::Number { offset, field };
        let global = &self.global;
        let mut path = pax
            .path
            .or_else(|| global.path.clone())
            .unwrap_or_else(|| header.path());
        let link = pax
            .link
            .or_else(|| global.link.clone())
            .unwrap_or_else(|| header.link().to_vec());
        let id = |given: Option<u64>, field: Option<i64>| match given {
            Some(id) => u32::try_from(id).ok(),
            None => u32::try_from(field?).ok(),
        };
        let uid = id(pax.uid.or(global.uid), header.uid()).ok_or_else(|| number("owner"))?;
        let gid = id(pax.gid.or(global.gid), header.gid()).ok_or_else(|| number("group"))?;
        let modified = match pax.modified.or(global.modified) {
            Some(time) => time,
            None => Timestamp {
                seconds: header.modified().ok_or_else(|| number("time"))?,
                nanoseconds: 0,
            },
        };
        let mode = header.mode().ok_or_else(|| number("mode"))? & 0o7777;
        let size = pax.size.or(global.size);
        let device = || {
            let (major, minor) = header.device().ok_or_else(|| number("device number"))?;
            Ok::<_, ReadError>(DeviceNumber { major, minor })
        };
        // Entries other than files have no content, whatever their size says.
        let kind = match header.kind() {
            0 if path.ends_with(b"/") => EntryKind::Directory,
            b'0' | 0 | b'7' | b'S' => {
                let stored = match size {
                    Some(size) => size,
                    None => size_of(header, offset)?,
                };
                let (kind, name) = self.file(header, stored, pax.sparse)?;
                path = name.unwrap_or(path);
                kind
            }
            b'1' => EntryKind::HardLink { target: link },
            b'2' => EntryKind::Symlink { target: link },
            b'3' => EntryKind::CharacterDevice(device()?),
            b'4' => EntryKind::BlockDevice(device()?),
            b'5' => EntryKind::Directory,
            b'6' => EntryKind::Fifo,
            // A directory with a listing, from GNU tar's incremental archives.
            b'D' => {
                self.records.begin_content(size_of(header, offset)?);
                self.records.skip_content()?;
                EntryKind::Directory
            }
            kind => return Err(ReadError::UnknownKind { offset, kind }),
        };
        Ok(Entry {
            path,
            kind,
            mode: mode as u16,
            uid,
            gid,
            modified,
            xattrs: pax.xattrs,
        })
    }

    /// A regular file of `stored` bytes in the stream, sparse or not, and the name that a sparse header gives it.
    fn file(
        &mut self,
        header: &Header<'_>,
        stored: u64,
        sparse: crate::pax::PaxSparse,
    ) -> Result<(EntryKind, Option<Vec<u8>>), ReadError> {
        let malformed = ReadError::Sparse {
            offset: self.records.header_offset(),
        };
        let (size_bytes, mut regions) = if header.kind() == b'S' {
            let (first_pairs, more, real_size) = header.gnu_sparse();
            let Some(real_size) = real_size else {
                return Err(malformed);
            };
            let regions = old_gnu_map(&mut self.records, first_pairs, more)?;
            self.records.begin_content(stored);
            (real_size, regions)
        } else if let Some(real_size) = sparse.real_size {
            self.records.begin_content(stored);
            let regions = match sparse.major {
                Some(1) => map_in_content(&mut self.records)?,
                _ => pairs(&sparse.map).ok_or(ReadError::Sparse {
                    offset: self.records.header_offset(),
                })?,
            };
            (real_size, regions)
        } else {
            self.records.begin_content(stored);
            return Ok((
                EntryKind::File {
                    size_bytes: stored,
                    regions: None,
                },
                None,
            ));
        };
        if stored_bytes(&regions, size_bytes) != Some(self.records.content_left()) {
            return Err(malformed);
        }
        // An empty region only marks the end of a file that ends in a hole.
        regions.retain(|region| region.length > 0);
        Ok((
            EntryKind::File {
                size_bytes,
                regions: Some(regions),
            },
            sparse.name,
        ))
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::header::RECORD_BYTES;

    /// Reads everything there is; malformed input must give an error and neither panic nor hang.
    fn read_all(bytes: &[u8]) -> Result<u64, ReadError> {
        let mut tar = Reader::new(bytes);
        let mut total = 0;
        while tar.next_entry()?.is_some() {
            while let length @ 1.. = tar.content()?.len() {
                tar.consume(length);
                total += length as u64;
            }
        }
        Ok(total)
    }

    /// A header whose checksum is right, whatever else is wrong.
    fn header(mut bytes: Vec<u8>, kind: u8, size: u16) -> Vec<u8> {
        bytes.resize(RECORD_BYTES, 0);
        bytes[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        bytes[156] = kind;
        bytes[148..156].fill(b' ');
        let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let _ = read_all(&bytes);
        }

        #[test]
        fn any_headers_end_without_a_panic(
            members in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..512), proptest::sample::select(b"0123456SxgLKVD\0".to_vec()), 0..1500_u16,
                    "[0-9 =a-z.GNUsparemjoinx,\n]{0,600}"),
                1..6,
            )
        ) {
            let mut tar = Vec::new();
            for (bytes, kind, size, content) in members {
                tar.extend(header(bytes, kind, size));
                tar.extend(content.as_bytes());
                tar.resize(tar.len().next_multiple_of(RECORD_BYTES), 0);
            }
            let _ = read_all(&tar);
        }
    }
}
