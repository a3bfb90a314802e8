//! Writing into the root of a stopped container: a new disk with all that the old one has and the entries of a tar, in one pass.
//!
//! The new disk is what the guest's kernel would have made of the old one: a directory that only the image has appears in the upper directory with the image's
//! attributes, a new directory in the place of something deleted hides what the image has there. Nothing of the old disk changes, so that whoever syncs the new one
//! and renames it into the old one's place has one or the other, whatever happens meanwhile.

mod copy_up;
mod place;
mod resolve;
mod target;

use std::fs::File;
use std::io::BufRead;

use container_ext4::{Journal, Options, Room, Timestamp, WriteError, Writer};
use container_tar::Reader;

use crate::error::{DiskRole, RootError};
use crate::view::RootView;
use target::{Directory, Target};

/// How the entries of a tar get to a disk.
#[derive(Debug, Default, Clone, Copy)]
pub struct RewriteOptions {
    /// The owner and group of all that is new, while directories that are there stay their owner's; `None` for those that the tar says, of directories too.
    pub owner: Option<(u32, u32)>,
}

/// Why a disk could not be rewritten. The old one is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// The root could not be read, or a path leads nowhere.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The new disk could not be written.
    #[error(transparent)]
    Disk(#[from] WriteError),
    /// The tar could not be read.
    #[error(transparent)]
    Tar(#[from] container_tar::ReadError),
    /// The container has no disk of its own.
    #[error("the container has no disk yet")]
    NoDisk,
    /// A file in the place of a directory.
    #[error("cannot overwrite directory {} with non-directory", .path.escape_ascii())]
    IsADirectory {
        /// The path in the container.
        path: Vec<u8>,
    },
    /// A directory in the place of a file.
    #[error("cannot overwrite non-directory {} with directory", .path.escape_ascii())]
    NotADirectory {
        /// The path in the container.
        path: Vec<u8>,
    },
    /// A name that leads out of the tree: `..` in it.
    #[error("the tar has an entry outside of its tree: {}", .path.escape_ascii())]
    Outside {
        /// The entry.
        path: Vec<u8>,
    },
    /// A path that leads from the disk of the destination to another one.
    #[error("{} is on another volume than the destination", .path.escape_ascii())]
    OtherDisk {
        /// The path in the container.
        path: Vec<u8>,
    },
    /// A hard link to something that is neither in the tar nor in the container, or to a directory.
    #[error("hard link {} to {}, which is no file there", .path.escape_ascii(), .target.escape_ascii())]
    LinkTarget {
        /// The link.
        path: Vec<u8>,
        /// What it should be the same file as.
        target: Vec<u8>,
    },
}

/// A disk that is being written.
struct Rewrite<'a> {
    view: &'a RootView,
    writer: Writer<&'a File>,
    target: Target,
    options: RewriteOptions,
    /// The directory that the tar is unpacked in.
    destination: Vec<Directory>,
    /// The directory of the last entry, by its path in the tar.
    last: Option<(Vec<u8>, Vec<Directory>)>,
}

impl RootView {
    /// Writes to `out`, an empty file, the disk that has the directory `destination`, with the entries of `tar` unpacked there. It is not synced.
    /// Returns which disk `out` is to replace ([`Self::disk_at`] says so beforehand). `scratch`, empty too, is of no use afterwards.
    ///
    /// Symbolic links are followed within the container's root only. A directory in the tar leaves what the container has in it; a file replaces a file; a file and a
    /// directory do not replace each other. Missing parents are made. Sparse files stay so. Nothing is kept of the old disk's access and change times.
    ///
    /// # Errors
    /// [`RewriteError`]; `out` is of no use then.
    pub fn rewrite<R: BufRead>(
        &self,
        destination: &[u8],
        tar: &mut Reader<R>,
        options: RewriteOptions,
        out: &File,
        scratch: File,
    ) -> Result<DiskRole, RewriteError> {
        let located = self.locate(destination, true)?;
        if !located.entry.as_ref().is_some_and(crate::Entry::is_directory) {
            let path = destination.to_vec();
            return Err(match located.entry {
                Some(_) => RootError::NotADirectory { path },
                None => RootError::NotFound { path },
            }
            .into());
        }
        let (target, names) = Target::of(self, &located.names)?;
        let disk = &self.disks.disks[target.disk];
        let role = disk.role.clone();
        let volume = disk.reader.volume().map_err(disk.fail())?;
        let label = volume.label.split(|byte| *byte == 0).next().unwrap_or_default();
        let journal_bytes = volume.journal_bytes.unwrap_or(0);
        let writer_options = Options {
            label: String::from_utf8_lossy(label).into_owned(),
            capacity_bytes: volume.size_bytes,
            room: Some(Room {
                journal_bytes: match journal_bytes {
                    0 => 0,
                    some => some.clamp(Journal::MIN_BYTES, Journal::MAX_BYTES),
                },
                default_mount_options: volume.default_mount_options,
                made: Timestamp {
                    seconds: volume.made_seconds.into(),
                    nanoseconds: 0,
                },
                mounted_seconds: volume.mounted_seconds,
            }),
            ..Options::default()
        };
        let mut writer = Writer::new(out, scratch, writer_options)?;
        writer.copy(&disk.reader)?;
        let mut rewrite = Rewrite {
            view: self,
            writer,
            target,
            options,
            destination: Vec::new(),
            last: None,
        };
        rewrite.destination = rewrite.walk(&[], names, &located.path())?;
        while let Some(entry) = tar.next_entry()? {
            rewrite.add(entry, tar)?;
        }
        rewrite.writer.finish(volume.uuid)?;
        Ok(role)
    }
}
