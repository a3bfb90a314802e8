//! Entries of a tar, put in their places.

use std::io::BufRead;

use container_ext4::{DeviceNumber, Metadata, NodeKind, Timestamp, Xattr};
use container_tar::{EntryKind, Piece, Reader, Region};

use super::resolve::Found;
use super::target::Directory;
use super::{Rewrite, RewriteError};
use crate::entry::{ESCAPED_PREFIX, OVERLAY_PREFIX};
use crate::path::{absolute, join, names};

impl Rewrite<'_> {
    /// Adds an entry, whose content is next in `tar`.
    pub(super) fn add<R: BufRead>(
        &mut self,
        entry: container_tar::Entry,
        tar: &mut Reader<R>,
    ) -> Result<(), RewriteError> {
        let all = checked(&entry.path)?;
        // The destination itself stays as it is.
        let Some((name, parents)) = all.split_last() else {
            return Ok(());
        };
        let directories = self.parents(parents, &entry.path)?;
        let found = self.look(&directories, name)?;
        let shown = || absolute(&self.target.names(&directories, name));
        match (&entry.kind, found.kind()) {
            (EntryKind::Directory, Some(NodeKind::Directory)) => {}
            (EntryKind::Directory, Some(_)) => return Err(RewriteError::NotADirectory { path: shown() }),
            (_, Some(NodeKind::Directory)) => return Err(RewriteError::IsADirectory { path: shown() }),
            _ => {}
        }
        let metadata = self.metadata(&entry);
        self.copy_up_directories(&directories)?;
        let place = join(&self.target.path_on_disk(&directories), name);
        match entry.kind {
            EntryKind::Directory => match found {
                Found::Nothing { is_hidden } => self.new_directory(&directories, name, metadata, is_hidden)?,
                Found::OnDisk(stat) => self.writer.directory(&place, self.merged(metadata, stat.metadata))?,
                Found::InImage(image) => {
                    let before = self.described(&image)?;
                    self.writer.directory(&place, self.merged(metadata, before))?;
                }
            },
            EntryKind::File { size_bytes, regions } => {
                self.file(&place, metadata, size_bytes, regions.as_deref(), tar)?;
            }
            EntryKind::HardLink { target } => self.hard_link(&entry.path, &place, &target)?,
            EntryKind::Symlink { target } => self.writer.symlink(&place, &target, metadata)?,
            EntryKind::CharacterDevice(device) => self.writer.character_device(&place, number(device), metadata)?,
            EntryKind::BlockDevice(device) => self.writer.block_device(&place, number(device), metadata)?,
            EntryKind::Fifo => self.writer.fifo(&place, metadata)?,
        }
        Ok(())
    }

    /// The directories that an entry is in. Entries of one directory mostly follow each other.
    fn parents(&mut self, parents: &[&[u8]], path: &[u8]) -> Result<Vec<Directory>, RewriteError> {
        let key = parents.join(&b'/');
        if let Some((last, directories)) = &self.last
            && *last == key
        {
            return Ok(directories.clone());
        }
        let start = self.destination.clone();
        let directories = self.walk(&start, parents, path)?;
        self.last = Some((key, directories.clone()));
        Ok(directories)
    }

    fn file<R: BufRead>(
        &mut self,
        place: &[u8],
        metadata: Metadata,
        size_bytes: u64,
        regions: Option<&[Region]>,
        tar: &mut Reader<R>,
    ) -> Result<(), RewriteError> {
        let mut file = self.writer.file(place, metadata)?;
        tar.each_piece(size_bytes, regions, |piece| match piece {
            Piece::Hole(length) => Ok(file.skip(length)?),
            Piece::Bytes(bytes) => Ok::<_, RewriteError>(file.append(bytes)?),
        })?;
        Ok(file.finish()?)
    }

    /// Gives what the tar calls `target` the further name `place`. What only the image has comes to the disk first.
    fn hard_link(&mut self, path: &[u8], place: &[u8], target: &[u8]) -> Result<(), RewriteError> {
        let missing = || RewriteError::LinkTarget {
            path: path.to_vec(),
            target: target.to_vec(),
        };
        let all = checked(target)?;
        let (name, parents) = all.split_last().ok_or_else(missing)?;
        let directories = self.parents(parents, target)?;
        let found = self.look(&directories, name)?;
        let existing = join(&self.target.path_on_disk(&directories), name);
        match (&found, found.kind()) {
            (_, None | Some(NodeKind::Directory)) => return Err(missing()),
            (Found::InImage(entry), _) => {
                self.copy_up_directories(&directories)?;
                self.copy_up(entry, &existing)?;
            }
            _ => {}
        }
        Ok(self.writer.hard_link(place, &existing)?)
    }

    /// What a directory that was there gets: mode and time of its entry, and those attributes that it had and that do not change. It stays its owner's, unless the
    /// tar's owners are wanted.
    fn merged(&self, mut metadata: Metadata, before: Metadata) -> Metadata {
        if self.options.owner.is_some() {
            (metadata.uid, metadata.gid) = (before.uid, before.gid);
        }
        for xattr in before.xattrs {
            if metadata.xattrs.iter().all(|new| new.name != xattr.name) {
                metadata.xattrs.push(xattr);
            }
        }
        metadata
    }

    fn metadata(&self, entry: &container_tar::Entry) -> Metadata {
        let (uid, gid) = self.options.owner.unwrap_or((entry.uid, entry.gid));
        let xattrs = entry.xattrs.iter().map(|(name, value)| Xattr {
            // As overlayfs keeps what a container sets of these names.
            name: match name.strip_prefix(OVERLAY_PREFIX) {
                Some(rest) if self.target.is_stacked => [ESCAPED_PREFIX, rest].concat(),
                _ => name.clone(),
            },
            value: value.clone(),
        });
        Metadata {
            mode: entry.mode,
            uid,
            gid,
            modified: Timestamp {
                seconds: entry.modified.seconds,
                nanoseconds: entry.modified.nanoseconds,
            },
            xattrs: xattrs.filter(|xattr| Xattr::is_supported(&xattr.name)).collect(),
        }
    }
}

/// The names of a path in a tar, which may not lead upwards.
fn checked(path: &[u8]) -> Result<Vec<&[u8]>, RewriteError> {
    let all: Vec<&[u8]> = names(path).collect();
    match all.contains(&&b".."[..]) {
        true => Err(RewriteError::Outside { path: path.to_vec() }),
        false => Ok(all),
    }
}

fn number(device: container_tar::DeviceNumber) -> DeviceNumber {
    DeviceNumber {
        major: device.major,
        minor: device.minor,
    }
}
