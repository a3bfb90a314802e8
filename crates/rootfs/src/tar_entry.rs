//! Entries of a root as entries of a tar.

use std::collections::HashMap;
use std::io::Write;

use container_ext4::{NodeKind, Piece, ReadError};
use container_tar::{DeviceNumber, EntryKind, MAX_REGIONS, Region, Timestamp, Writer};

use crate::budget::Budget;
use crate::entry::{Entry, Place};
use crate::error::RootError;
use crate::view::RootView;

/// Zeros, as many as are written at a time.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
/// First names of files with several.
const MAX_NAMES_BYTES: usize = 512 << 20;
/// What a name takes besides its bytes.
const NAME_BYTES: usize = 64;

/// Adds entries to a tar, in which each file is once and its further names are links to the first.
pub struct TarEntries<'a, W> {
    view: &'a RootView,
    writer: &'a mut Writer<W>,
    /// The first name of files with several.
    names: HashMap<Place, Vec<u8>>,
    names_bytes: Budget,
    /// Bytes of files that were taken from each disk, by its number.
    stored_bytes: HashMap<usize, u64>,
}

/// What is wrong on the way of bytes from a disk to a tar.
enum CopyError {
    Read(ReadError),
    Tar(container_tar::WriteError),
}

impl From<ReadError> for CopyError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<container_tar::WriteError> for CopyError {
    fn from(error: container_tar::WriteError) -> Self {
        Self::Tar(error)
    }
}

impl<'a, W: Write> TarEntries<'a, W> {
    /// Adds entries of `view` to the tar that `writer` writes.
    pub fn new(view: &'a RootView, writer: &'a mut Writer<W>) -> Self {
        Self {
            view,
            writer,
            names: HashMap::new(),
            names_bytes: Budget::new("bytes of names of files with several", MAX_NAMES_BYTES),
            stored_bytes: HashMap::new(),
        }
    }

    /// Adds `entry` as `name`. Sockets are left out, as every tar program does.
    ///
    /// # Errors
    /// [`RootError::Tar`], [`RootError::TooMuch`], or any about a disk.
    pub fn add(&mut self, name: &[u8], entry: &Entry) -> Result<(), RootError> {
        self.add_changed(name, entry, |_| {})
    }

    /// As [`Self::add`], with what `change` makes of owner, mode, time and attributes. Further names of a file are changed in the same way as the first.
    ///
    /// # Errors
    /// As of [`Self::add`].
    pub fn add_changed(
        &mut self,
        name: &[u8],
        entry: &Entry,
        change: impl FnOnce(&mut container_tar::Entry),
    ) -> Result<(), RootError> {
        if entry.kind() == NodeKind::Socket {
            return Ok(());
        }
        let has_several_names = !entry.is_directory() && entry.links() > 1;
        if has_several_names {
            if let Some(target) = self.names.get(&entry.place) {
                let target = target.clone();
                let mut link = self.describe(name, entry, EntryKind::HardLink { target })?;
                change(&mut link);
                return Ok(self.writer.begin(&link)?);
            }
            self.names_bytes.take(name.len() + NAME_BYTES)?;
            self.names.insert(entry.place, name.to_vec());
        }
        let kind = match entry.kind() {
            NodeKind::Directory => EntryKind::Directory,
            NodeKind::Symlink => EntryKind::Symlink {
                target: self.view.link_target(entry)?,
            },
            NodeKind::CharacterDevice(device) => EntryKind::CharacterDevice(DeviceNumber {
                major: device.major,
                minor: device.minor,
            }),
            NodeKind::BlockDevice(device) => EntryKind::BlockDevice(DeviceNumber {
                major: device.major,
                minor: device.minor,
            }),
            NodeKind::Fifo | NodeKind::Socket => EntryKind::Fifo,
            NodeKind::File => EntryKind::File {
                size_bytes: entry.size_bytes(),
                regions: self.regions(entry)?,
            },
        };
        let mut described = self.describe(name, entry, kind)?;
        change(&mut described);
        self.writer.begin(&described)?;
        match described.kind {
            EntryKind::File { regions, .. } => self.content(entry, regions.is_some()),
            _ => Ok(()),
        }
    }

    /// Adds an empty file that stands for something.
    pub(crate) fn add_mark(&mut self, name: &[u8]) -> Result<(), RootError> {
        Ok(self.writer.begin(&container_tar::Entry {
            path: name.to_vec(),
            kind: EntryKind::File {
                size_bytes: 0,
                regions: None,
            },
            mode: 0,
            uid: 0,
            gid: 0,
            modified: Timestamp::default(),
            xattrs: Vec::new(),
        })?)
    }

    fn describe(&self, name: &[u8], entry: &Entry, kind: EntryKind) -> Result<container_tar::Entry, RootError> {
        // A further name of a file says nothing new of it.
        let xattrs = match &kind {
            EntryKind::HardLink { .. } => Vec::new(),
            _ => self.view.xattrs(entry)?,
        };
        let modified = entry.modified();
        Ok(container_tar::Entry {
            path: name.to_vec(),
            kind,
            mode: entry.mode(),
            uid: entry.uid(),
            gid: entry.gid(),
            modified: Timestamp {
                seconds: modified.seconds,
                nanoseconds: modified.nanoseconds,
            },
            xattrs: xattrs.into_iter().map(|xattr| (xattr.name, xattr.value)).collect(),
        })
    }

    /// Where a file has data; `None` when that is everywhere, or in more places than a tar can say.
    ///
    /// No two files of a disk share blocks, and zeros are written out only for a file that fits the disk: what comes of a disk is bounded by its size.
    fn regions(&mut self, file: &Entry) -> Result<Option<Vec<Region>>, RootError> {
        let disk = self.view.disks.disk(file.place);
        let mut regions = Vec::new();
        let mut stored_bytes = 0;
        let read = disk.reader.regions(&file.node, |offset, length| {
            stored_bytes += length;
            if regions.len() < MAX_REGIONS {
                regions.push(Region { offset, length });
            }
            Ok::<_, ReadError>(())
        });
        read.map_err(disk.fail())?;
        let all_stored = self.stored_bytes.entry(file.place.disk).or_default();
        *all_stored += stored_bytes;
        let disk_bytes = disk.reader.size_bytes();
        if *all_stored > disk_bytes {
            let what = "its files are larger than it together";
            return Err(disk.fail()(ReadError::Damaged { what }));
        }
        if stored_bytes >= file.size_bytes() {
            return Ok(None);
        }
        if regions.len() < MAX_REGIONS {
            return Ok(Some(regions));
        }
        match file.size_bytes() <= disk_bytes {
            true => Ok(None),
            false => Err(disk.fail()(ReadError::Damaged {
                what: "a file that is larger than it is in too many pieces",
            })),
        }
    }

    fn content(&mut self, file: &Entry, is_sparse: bool) -> Result<(), RootError> {
        let disk = self.view.disks.disk(file.place);
        let writer = &mut *self.writer;
        let copied = disk.reader.content(&file.node, |piece| match piece {
            Piece::Bytes(bytes) => Ok(writer.content(bytes)?),
            Piece::Hole(_) if is_sparse => Ok(()),
            Piece::Hole(mut length) => {
                while length > 0 {
                    let some = length.min(ZEROS.len() as u64);
                    writer.content(&ZEROS[..some as usize])?;
                    length -= some;
                }
                Ok::<_, CopyError>(())
            }
        });
        copied.map_err(|error| match error {
            CopyError::Read(source) => disk.fail()(source),
            CopyError::Tar(error) => error.into(),
        })
    }
}
