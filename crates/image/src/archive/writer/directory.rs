//! Archives as a directory.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use container_durable::{sync_dir, sync_in_order, sync_to_drive};

use super::file::{beside, parent};
use super::{Sink, WriteFailure, copy};

/// A directory that gets its name when it is complete, and is gone when this is dropped before.
pub(crate) struct PendingDirectory {
    unfinished: PathBuf,
    dest: PathBuf,
    is_committed: bool,
}

impl PendingDirectory {
    /// Starts a directory that will be `dest`, which is absent or empty.
    pub(crate) fn start(dest: &Path) -> io::Result<Self> {
        match std::fs::read_dir(dest).map(|mut entries| entries.next().is_some()) {
            Ok(true) => return Err(io::ErrorKind::DirectoryNotEmpty.into()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let unfinished = beside(dest)?;
        DirBuilder::new().create(&unfinished)?;
        Ok(Self {
            unfinished,
            dest: dest.to_owned(),
            is_committed: false,
        })
    }

    /// Gives it its name.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        let durable = |error: container_durable::DirectoryError| io::Error::other(error);
        for below in ["blobs/sha256", "blobs/sha512", "blobs", ""] {
            let path = self.unfinished.join(below);
            if path.is_dir() {
                sync_dir(&path).map_err(durable)?;
            }
        }
        std::fs::rename(&self.unfinished, &self.dest)?;
        self.is_committed = true;
        sync_to_drive(&File::open(parent(&self.dest))?)
    }
}

impl Drop for PendingDirectory {
    fn drop(&mut self) {
        if !self.is_committed
            && let Err(error) = std::fs::remove_dir_all(&self.unfinished)
        {
            tracing::warn!(path = %self.unfinished.display(), %error, "cannot remove an unfinished directory");
        }
    }
}

impl Sink for PendingDirectory {
    fn file(&mut self, name: &str, _: u64, content: &mut dyn Read) -> Result<(), WriteFailure> {
        let path = self.unfinished.join(name);
        let create = || -> io::Result<File> {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            OpenOptions::new().write(true).create_new(true).open(&path)
        };
        let mut file = create().map_err(WriteFailure::Output)?;
        copy(content, |bytes| file.write_all(bytes))?;
        sync_in_order(&file).map_err(WriteFailure::Output)
    }
}
