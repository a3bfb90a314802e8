//! The parser itself.

use std::io::{BufRead, ErrorKind};

use container_ext4::{DeviceNumber, Timestamp};

use super::entry::{Entry, EntryKind, Region};
use super::error::TarError;
use super::header::{Header, RECORD_BYTES};
use super::number::decimal;
use super::pax::Pax;
use super::sparse::{MAX_REGIONS, is_consistent, old_gnu_pairs, pairs};

/// The largest extended header taken, as in Go's `archive/tar`.
const MAX_EXTENDED_BYTES: u64 = 1 << 20;

/// Reads a tar entry by entry.
#[derive(Debug)]
pub struct TarReader<R> {
    source: R,
    /// Bytes read so far.
    offset: u64,
    /// Where the header being read started.
    header_offset: u64,
    /// Bytes of the current entry's content that were not read yet.
    content_left: u64,
    /// Zeros after the content, up to the next record.
    padding_left: u64,
    /// What global headers said.
    global: Pax,
    ended: bool,
}

impl<R: BufRead> TarReader<R> {
    /// Starts at the beginning of a tar.
    pub fn new(source: R) -> Self {
        let global = Pax::default();
        Self {
            source,
            offset: 0,
            header_offset: 0,
            content_left: 0,
            padding_left: 0,
            global,
            ended: false,
        }
    }

    /// The next entry, or `None` at the end of the tar. Content of the entry before that was not read is skipped.
    ///
    /// # Errors
    /// Any [`TarError`]; the reader cannot go on after one.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, TarError> {
        self.skip_content()?;
        let mut pax: Option<Pax> = None;
        let (mut long_path, mut long_link) = (None, None);
        while !self.ended {
            let Some(bytes) = self.read_header()? else {
                break;
            };
            let header = Header::parse(&bytes).ok_or(TarError::Checksum {
                offset: self.header_offset,
            })?;
            match header.kind() {
                b'x' | b'X' => {
                    let records = self.read_extended(&header)?;
                    pax.get_or_insert_default().add(&records).ok_or(TarError::Pax {
                        offset: self.header_offset,
                    })?;
                }
                b'g' => {
                    let records = self.read_extended(&header)?;
                    let mut global = std::mem::take(&mut self.global);
                    global.add(&records).ok_or(TarError::Pax {
                        offset: self.header_offset,
                    })?;
                    self.global = global.into_global();
                }
                b'L' => long_path = Some(until_nul(self.read_extended(&header)?)),
                b'K' => long_link = Some(until_nul(self.read_extended(&header)?)),
                // A volume's label, and long names of a format given up in the eighties.
                b'V' | b'N' => {
                    self.begin_content(self.size_of(&header)?);
                    self.skip_content()?;
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
    /// [`TarError::Io`], [`TarError::Truncated`].
    pub fn content(&mut self) -> Result<&[u8], TarError> {
        if self.content_left == 0 {
            return Ok(&[]);
        }
        let offset = self.offset;
        let bytes = fill(&mut self.source)?;
        if bytes.is_empty() {
            return Err(TarError::Truncated { offset });
        }
        let length = usize::try_from(self.content_left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        Ok(&bytes[..length])
    }

    /// Says that `length` bytes of what [`Self::content`] returned were used.
    pub fn consume(&mut self, length: usize) {
        self.source.consume(length);
        self.offset += length as u64;
        self.content_left = self.content_left.saturating_sub(length as u64);
    }

    /// The stream, for what comes after the tar's end.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// Builds the entry that `header` and the extended headers before it describe, and gets ready for its content.
    fn entry(&mut self, header: &Header<'_>, pax: Pax) -> Result<Entry, TarError> {
        let offset = self.header_offset;
        let number = |field| TarError::Number { offset, field };
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
            Ok::<_, TarError>(DeviceNumber { major, minor })
        };
        // Entries other than files have no content, whatever their size says.
        let kind = match header.kind() {
            0 if path.ends_with(b"/") => EntryKind::Directory,
            b'0' | 0 | b'7' | b'S' => {
                let stored = match size {
                    Some(size) => size,
                    None => self.size_of(header)?,
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
                self.begin_content(self.size_of(header)?);
                self.skip_content()?;
                EntryKind::Directory
            }
            kind => return Err(TarError::UnknownKind { offset, kind }),
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
        sparse: super::pax::PaxSparse,
    ) -> Result<(EntryKind, Option<Vec<u8>>), TarError> {
        let malformed = TarError::Sparse {
            offset: self.header_offset,
        };
        let (size_bytes, regions) = if header.kind() == b'S' {
            let (first_pairs, more, real_size) = header.gnu_sparse();
            let Some(real_size) = real_size else {
                return Err(malformed);
            };
            let regions = self.old_gnu_map(first_pairs, more)?;
            self.begin_content(stored);
            (real_size, regions)
        } else if let Some(real_size) = sparse.real_size {
            self.begin_content(stored);
            let regions = match sparse.major {
                Some(1) => self.map_in_content()?,
                _ => pairs(&sparse.map).ok_or(TarError::Sparse {
                    offset: self.header_offset,
                })?,
            };
            (real_size, regions)
        } else {
            self.begin_content(stored);
            return Ok((
                EntryKind::File {
                    size_bytes: stored,
                    regions: None,
                },
                None,
            ));
        };
        if !is_consistent(&regions, size_bytes, self.content_left) {
            return Err(malformed);
        }
        Ok((
            EntryKind::File {
                size_bytes,
                regions: Some(regions),
            },
            sparse.name,
        ))
    }

    /// The map of an old GNU sparse file, which goes on in records between header and content.
    fn old_gnu_map(&mut self, first_pairs: &[u8], mut more: bool) -> Result<Vec<Region>, TarError> {
        let offset = self.header_offset;
        let malformed = || TarError::Sparse { offset };
        let mut regions = Vec::new();
        old_gnu_pairs(first_pairs, &mut regions).ok_or_else(malformed)?;
        while more {
            let mut record = [0; RECORD_BYTES];
            self.read_exactly(&mut record)?;
            old_gnu_pairs(&record[..504], &mut regions).ok_or_else(malformed)?;
            more = record[504] != 0;
        }
        Ok(regions)
    }

    /// The map of format 1.0: decimal numbers on lines of their own at the start of the content, filled up to a record.
    fn map_in_content(&mut self) -> Result<Vec<Region>, TarError> {
        let offset = self.header_offset;
        let malformed = || TarError::Sparse { offset };
        let mut numbers: Vec<u64> = Vec::new();
        let mut line = Vec::new();
        // The first number says how many pairs follow.
        let mut wanted = 1;
        while numbers.len() < wanted {
            if self.content_left < RECORD_BYTES as u64 {
                return Err(malformed());
            }
            let mut record = [0; RECORD_BYTES];
            self.read_exactly(&mut record)?;
            self.content_left -= RECORD_BYTES as u64;
            for byte in record {
                match byte {
                    b'0'..=b'9' if line.len() < 20 => line.push(byte),
                    b'\n' if numbers.len() < wanted => {
                        numbers.push(decimal(&line).ok_or_else(malformed)?);
                        line.clear();
                    }
                    0 if numbers.len() == wanted => {}
                    _ => return Err(malformed()),
                }
                if let (1, [count]) = (wanted, numbers.as_slice()) {
                    let count = usize::try_from(*count).ok().filter(|count| *count <= MAX_REGIONS);
                    wanted = 1 + 2 * count.ok_or_else(malformed)?;
                }
            }
        }
        pairs(&numbers[1..]).ok_or_else(malformed)
    }

    fn size_of(&self, header: &Header<'_>) -> Result<u64, TarError> {
        header.size().ok_or(TarError::Number {
            offset: self.header_offset,
            field: "size",
        })
    }

    fn begin_content(&mut self, size: u64) {
        self.content_left = size;
        self.padding_left = size.wrapping_neg() % RECORD_BYTES as u64;
    }

    /// Skips what is left of the content, and the zeros behind it. A tar may end without those.
    fn skip_content(&mut self) -> Result<(), TarError> {
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

    /// The content of an extended header.
    fn read_extended(&mut self, header: &Header<'_>) -> Result<Vec<u8>, TarError> {
        let size_bytes = self.size_of(header)?;
        if size_bytes > MAX_EXTENDED_BYTES {
            return Err(TarError::HeaderTooLarge {
                offset: self.header_offset,
                size_bytes,
            });
        }
        let mut bytes = vec![0; size_bytes as usize];
        self.read_exactly(&mut bytes)?;
        self.begin_content(size_bytes);
        self.content_left = 0;
        self.skip_content()?;
        Ok(bytes)
    }

    /// The next header; `None` at a record of zeros or where the stream ends between entries.
    fn read_header(&mut self) -> Result<Option<[u8; RECORD_BYTES]>, TarError> {
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

    fn read_exactly(&mut self, bytes: &mut [u8]) -> Result<(), TarError> {
        self.source.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => TarError::Truncated { offset: self.offset },
            _ => TarError::Io(error),
        })?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// What the stream has at hand, read on when that is nothing.
fn fill(source: &mut impl BufRead) -> Result<&[u8], TarError> {
    // Returning the slice from inside of the loop does not satisfy the borrow checker, so it is taken again.
    loop {
        match source.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(TarError::Io(error)),
        }
    }
    source.fill_buf().map_err(TarError::Io)
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

    /// Reads everything there is; malformed input must end in an error, never in a panic or a hang.
    fn read_all(bytes: &[u8]) -> Result<u64, TarError> {
        let mut tar = TarReader::new(bytes);
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
