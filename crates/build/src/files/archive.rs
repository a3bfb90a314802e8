//! `ADD` of an archive: its files instead of it.

mod links;

use std::io::{BufRead, BufReader, Read, Write};

use container_build_context::{Compression, Item, LimitReached, Limited};
use container_tar::{EntryKind, Piece, ReadError, Reader, is_tar_header};

use super::target::joined;
use super::{FilesError, LayerWriter};
use links::ArchiveLinks;

/// Enough to tell a format by.
const HEAD_BYTES: usize = 512;
/// Bytes read at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// Zeros for a hole, as many as are written at a time.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The most entries of an archive, the most bytes of their names, and the most bytes of all of it: as of a context.
const LIMITS: Limits = Limits {
    entries: 2_000_000,
    name_bytes: 512 << 20,
    bytes: 64 << 30,
};

/// How much an archive may have when it is unpacked. A small one may be packed zeros without end.
#[derive(Debug, Clone, Copy)]
struct Limits {
    entries: u64,
    name_bytes: u64,
    bytes: u64,
}

/// What may be an archive.
pub(crate) trait ArchiveContent {
    /// Its bytes, each time from the first one on.
    fn restarted(&mut self) -> impl Read;
}

impl ArchiveContent for Item<'_> {
    fn restarted(&mut self) -> impl Read {
        self.content()
    }
}

/// Unpacks `content` into `destination`, if it is a tar; whether it is one.
pub(crate) fn unpack<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    name: &[u8],
    destination: &str,
    content: &mut impl ArchiveContent,
) -> Result<bool, FilesError> {
    unpack_within(layer, name, destination, content, LIMITS)
}

fn unpack_within<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    name: &[u8],
    destination: &str,
    content: &mut impl ArchiveContent,
    limits: Limits,
) -> Result<bool, FilesError> {
    let compression = Compression::of(&head(content.restarted())?);
    // Whether it is a tar shows only when it is unpacked. What is damaged from the start is a file like any other.
    let is_tar = match open(compression, content.restarted()) {
        Ok(opened) => head(opened).is_ok_and(|head| head.len() == HEAD_BYTES && is_tar_header(&head)),
        Err(_) => false,
    };
    if !is_tar {
        return Ok(false);
    }
    let base = layer.directory(destination.as_bytes())?;
    let mut links = ArchiveLinks::default();
    let mut tar = Reader::new(Limited::new(open(compression, content.restarted())?, limits.bytes));
    let too_large = |what, limit| FilesError::ArchiveTooLarge {
        path: name.to_vec(),
        what,
        limit,
    };
    let failed = |source| match source {
        ReadError::Io(source) if source.get_ref().is_some_and(|cause| cause.is::<LimitReached>()) => {
            too_large("bytes", limits.bytes)
        }
        source => FilesError::Archive {
            path: name.to_vec(),
            source,
        },
    };
    let (mut entries, mut name_bytes, mut bytes) = (0_u64, 0_u64, 0_u64);
    while let Some(mut entry) = tar.next_entry().map_err(failed)? {
        entries += 1;
        name_bytes += entry.path.len() as u64;
        if let EntryKind::File { size_bytes, .. } = &entry.kind {
            bytes = bytes.saturating_add(*size_bytes);
        }
        for (what, found, limit) in [
            ("entries", entries, limits.entries),
            ("bytes of names", name_bytes, limits.name_bytes),
            ("bytes", bytes, limits.bytes),
        ] {
            if found > limit {
                return Err(too_large(what, limit));
            }
        }
        let Some(path) = place(layer, &links, &base, &entry.path)? else {
            continue;
        };
        if let EntryKind::HardLink { target } = &mut entry.kind {
            *target = place(layer, &links, &base, target)?.ok_or_else(|| FilesError::Outside {
                path: entry.path.clone(),
            })?;
        }
        layer.replaces(&path, entry.kind == EntryKind::Directory)?;
        links.put(&path, &entry.kind);
        entry.path = path;
        layer.dress.put_on(&mut entry);
        layer.tar.begin(&entry)?;
        let EntryKind::File { size_bytes, regions } = &entry.kind else {
            continue;
        };
        let is_sparse = regions.is_some();
        let copied = tar.each_piece(*size_bytes, regions.as_deref(), |piece| match piece {
            Piece::Bytes(bytes) => Ok(layer.tar.content(bytes)?),
            Piece::Hole(_) if is_sparse => Ok(()),
            Piece::Hole(mut length) => {
                while length > 0 {
                    let some = length.min(ZEROS.len() as u64);
                    layer.tar.content(ZEROS.get(..some as usize).unwrap_or_default())?;
                    length -= some;
                }
                Ok::<_, CopyError>(())
            }
        });
        copied.map_err(|error| match error {
            CopyError::Archive(source) => failed(source),
            CopyError::Files(error) => error,
        })?;
    }
    Ok(true)
}

/// What is wrong on the way of an entry's bytes.
enum CopyError {
    Archive(ReadError),
    Files(FilesError),
}

impl From<ReadError> for CopyError {
    fn from(error: ReadError) -> Self {
        Self::Archive(error)
    }
}

impl From<container_tar::WriteError> for CopyError {
    fn from(error: container_tar::WriteError) -> Self {
        Self::Files(error.into())
    }
}

/// Where a name of the archive is in the layer, with the directories that lead there; `None` for the archive's own root.
fn place<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    links: &ArchiveLinks,
    base: &[u8],
    name: &[u8],
) -> Result<Option<Vec<u8>>, FilesError> {
    let names: Vec<&[u8]> = name
        .split(|byte| *byte == b'/')
        .filter(|name| !matches!(*name, b"" | b"."))
        .collect();
    if names.contains(&b"..".as_slice()) {
        return Err(FilesError::Outside { path: name.to_vec() });
    }
    let Some((last, parents)) = names.split_last() else {
        return Ok(None);
    };
    let parent = links.follow(base, parents);
    let parent = layer.directory(&parent.ok_or_else(|| FilesError::LostLink { path: name.to_vec() })?)?;
    Ok(Some(joined(&parent, last)))
}

fn head(content: impl Read) -> Result<Vec<u8>, std::io::Error> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    content.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn open<'r>(compression: Compression, content: impl Read + 'r) -> Result<Box<dyn BufRead + 'r>, std::io::Error> {
    compression.decoded(BufReader::with_capacity(BUFFER_BYTES, content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Dress;
    use container_tar::{Entry, Timestamp, Writer};
    use lzma_rust2::{XzOptions, XzWriter};

    struct Bytes<'a>(&'a [u8]);

    impl ArchiveContent for Bytes<'_> {
        fn restarted(&mut self) -> impl Read {
            self.0
        }
    }

    fn tar(entries: &[(&str, EntryKind)]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        for (path, kind) in entries {
            let entry = Entry {
                path: path.as_bytes().to_vec(),
                kind: kind.clone(),
                mode: 0o640,
                uid: 5,
                gid: 6,
                modified: Timestamp::default(),
                xattrs: Vec::new(),
            };
            writer.begin(&entry).unwrap();
            if let EntryKind::File { size_bytes, regions } = kind {
                let length = regions
                    .as_ref()
                    .map_or(*size_bytes, |regions| regions.iter().map(|part| part.length).sum());
                writer.content(&vec![b'x'; length as usize]).unwrap();
            }
        }
        writer.finish().unwrap()
    }

    fn file(size_bytes: u64) -> EntryKind {
        EntryKind::File {
            size_bytes,
            regions: None,
        }
    }

    fn unpacked(archive: &[u8], destination: &str) -> Result<Option<Vec<(String, u32)>>, FilesError> {
        let mut layer = LayerWriter::new(None, Vec::new(), Dress::default());
        if !unpack(&mut layer, b"a.tar", destination, &mut Bytes(archive))? {
            return Ok(None);
        }
        let made = layer.finish()?;
        let mut reader = Reader::new(made.as_slice());
        let mut paths = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            paths.push((String::from_utf8(entry.path).unwrap(), entry.uid));
        }
        Ok(Some(paths))
    }

    fn named(names: &[(&str, u32)]) -> Option<Vec<(String, u32)>> {
        Some(names.iter().map(|(name, uid)| ((*name).to_owned(), *uid)).collect())
    }

    #[test]
    fn archives_are_told_by_content_and_keep_owners() {
        let plain = tar(&[("./a/b", file(3)), ("/c", file(0))]);
        let expected = named(&[("d/", 0), ("d/a/", 0), ("d/a/b", 5), ("d/c", 5)]);
        assert_eq!(unpacked(&plain, "/d/").unwrap(), expected);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        assert_eq!(unpacked(&gzip.finish().unwrap(), "/d/").unwrap(), expected);
        let zstd = zstd::stream::encode_all(plain.as_slice(), 1).unwrap();
        assert_eq!(unpacked(&zstd, "/d/").unwrap(), expected);
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(&plain).unwrap();
        assert_eq!(unpacked(&bzip2.finish().unwrap(), "/d/").unwrap(), expected);
        let mut xz = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
        xz.write_all(&plain).unwrap();
        assert_eq!(unpacked(&xz.finish().unwrap(), "/d/").unwrap(), expected);
    }

    #[test]
    fn what_is_no_tar_is_a_file_like_others() {
        for content in [
            &b""[..],
            b"text",
            &[0x1f, 0x8b, 0x08, 0, 1],
            b"BZh9",
            b"\xfd7zXZ\0x",
            &[b'x'; 600],
        ] {
            assert_eq!(unpacked(content, "/d/").unwrap(), None);
        }
    }

    #[test]
    fn an_archive_that_grows_without_end_is_given_up() {
        let limits = Limits {
            entries: 3,
            name_bytes: 10,
            bytes: 4096,
        };
        let unpack = |entries: &[(&str, EntryKind)]| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            gzip.write_all(&tar(entries)).unwrap();
            let archive = gzip.finish().unwrap();
            let mut layer = LayerWriter::new(None, Vec::new(), Dress::default());
            unpack_within(&mut layer, b"a.tar", "/d/", &mut Bytes(&archive), limits)
        };
        assert!(unpack(&[("a", file(1)), ("b", file(2)), ("c", file(0))]).unwrap());
        let four: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|name| (name, file(0))).collect();
        let sparse = EntryKind::File {
            size_bytes: 1 << 40,
            regions: Some(Vec::new()),
        };
        for (entries, expected) in [
            (four, "a.tar\" has more than 3 entries"),
            (vec![("a-long-name", file(0))], "more than 10 bytes of names"),
            (vec![("a", file(1 << 20))], "more than 4096 bytes"),
            (vec![("a", sparse)], "more than 4096 bytes"),
        ] {
            let error = unpack(&entries).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// As for a program whose root is the destination.
    #[test]
    fn entries_lead_through_links_of_the_archive_and_never_out_of_it() {
        let link = |target: &str| EntryKind::Symlink {
            target: target.as_bytes().to_vec(),
        };
        let archive = tar(&[("link", link("../../..")), ("link/etc/file", file(1))]);
        let expected = named(&[("d/", 0), ("d/link", 5), ("d/etc/", 0), ("d/etc/file", 5)]);
        assert_eq!(unpacked(&archive, "/d/").unwrap(), expected);
        let circle = tar(&[("a", link("b")), ("b", link("a")), ("a/file", file(1))]);
        let error = unpacked(&circle, "/d/").unwrap_err();
        assert!(matches!(error, FilesError::LostLink { .. }), "{error}");
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../x", "a/../../x"] {
            let error = unpacked(&tar(&[(name, file(1))]), "/d/").unwrap_err();
            assert!(matches!(error, FilesError::Outside { .. }), "{name}: {error}");
        }
        let link = EntryKind::HardLink {
            target: b"../../etc/passwd".to_vec(),
        };
        assert!(matches!(
            unpacked(&tar(&[("x", link)]), "/d/"),
            Err(FilesError::Outside { .. })
        ));
    }
}
