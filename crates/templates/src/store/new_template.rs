//! A template that is being made.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;

use container_durable::{CHANGE_TIME_TICK, FileIdentity, FileLock, sync_data_in_order, sync_dir};
use container_oci::Digest;
use time::OffsetDateTime;

use super::TemplateStore;
use crate::allocated::allocated_bytes;
use crate::content::digest;
use crate::layout::{BLANK_DISKS, LOCK_FILE, finished, move_away};
use crate::manifest::{Content, Manifest, write_manifest};
use crate::parts::{Part, Parts};
use crate::verified::{note, open_file};
use crate::{PublishError, TemplateError, TemplateKey};

/// A template that is being made, and the claim to be the one who makes it. Dropped, it is gone; what a maker leaves that is killed goes with the next sweep.
#[derive(Debug)]
pub struct NewTemplate {
    store: TemplateStore,
    key: TemplateKey,
    image: Digest,
    directory: PathBuf,
    files: Parts<PathBuf>,
    /// Held until the template is visible or gone.
    lock: Option<FileLock>,
}

impl NewTemplate {
    pub(super) fn new(
        store: TemplateStore,
        key: TemplateKey,
        image: Digest,
        directory: PathBuf,
        lock: FileLock,
    ) -> Self {
        Self {
            store,
            key,
            image,
            files: Parts::paths(&directory),
            directory,
            lock: Some(lock),
        }
    }

    /// Where the memory of the machine is to be written; there is no file yet.
    #[must_use]
    pub fn memory(&self) -> &Path {
        &self.files.memory
    }

    /// Where the state of its devices is to be written; there is no file yet.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.files.state
    }

    /// Where its writable disk is to be made, a raw image with holes, or an empty file if it has none; there is no file yet.
    #[must_use]
    pub fn disk(&self) -> &Path {
        &self.files.disk
    }

    /// Makes one more disk for the template's machine: nothing but a hole. It is no part of the template, and goes before that is published.
    ///
    /// # Errors
    /// What the system says.
    pub fn make_blank_disk(&self, name: &str, length_bytes: u64) -> io::Result<PathBuf> {
        let directory = self.directory.join(BLANK_DISKS);
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let path = directory.join(name);
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        file.set_len(length_bytes)?;
        Ok(path)
    }

    /// Makes the template visible, whole and for good: its files are written to the disk, and what they are is put on record. The machine that wrote them must be gone.
    /// Others that were used longest ago make room for it. Returns the bytes that it takes on disk.
    ///
    /// # Errors
    /// [`PublishError`]; nothing of the template is left then.
    pub fn publish(mut self, token: [u8; 32]) -> Result<u64, PublishError> {
        self.remove_blank_disks()?;
        let contents = self.settle()?;
        let manifest = Manifest {
            key: self.key,
            image: self.image,
            token,
            made: OffsetDateTime::now_utc(),
            files: contents,
        };
        write_manifest(&self.directory, manifest).map_err(TemplateError::from)?;
        let size_bytes = allocated_bytes(&self.directory);
        let place = finished(&self.store.directory, &self.key);
        let _turn = self.store.make_room(size_bytes)?;
        std::fs::rename(&self.directory, &place).map_err(|source| PublishError::Rename { path: place, source })?;
        // From here on it can be started from.
        self.lock = None;
        sync_dir(&self.store.directory).map_err(TemplateError::from)?;
        Ok(size_bytes)
    }

    /// Has the files reach the disk, and says what they are.
    fn settle(&self) -> Result<Parts<Content>, PublishError> {
        Parts::try_from_each(|part| self.of(part, sync))?;
        // A change from now on is one that the times of the files show.
        thread::sleep(CHANGE_TIME_TICK);
        let settled = Parts::try_from_each(|part| self.of(part, look))?;
        Parts::try_from_each(|part| {
            let (_, after) = self.of(part, open_file)?;
            let path = self.files.of(part).clone();
            (after == settled.of(part).1)
                .then_some(())
                .ok_or(PublishError::Changing { path })
        })?;
        note(&self.directory, Parts::from_each(|part| settled.of(part).1));
        Ok(Parts::from_each(|part| settled.of(part).0))
    }

    /// Does something with one of the files.
    fn of<T>(&self, part: Part, act: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, PublishError> {
        let path = self.files.of(part);
        act(path).map_err(|source| PublishError::File {
            path: path.clone(),
            source,
        })
    }

    fn remove_blank_disks(&self) -> Result<(), TemplateError> {
        let path = self.directory.join(BLANK_DISKS);
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(TemplateError::Remove { path, source }),
            _ => Ok(()),
        }
    }

    /// Removes what an earlier maker has left.
    pub(super) fn clear(&self) -> Result<(), TemplateError> {
        clear(&self.directory).map_err(|source| TemplateError::Remove {
            path: self.directory.clone(),
            source,
        })
    }
}

impl Drop for NewTemplate {
    fn drop(&mut self) {
        if self.lock.is_some()
            && let Ok(Some(trash)) = move_away(&self.directory)
        {
            // What stays is removed by the next sweep.
            let _ = std::fs::remove_dir_all(&trash);
        }
    }
}

fn sync(path: &Path) -> io::Result<()> {
    let (file, _) = open_file(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    sync_data_in_order(&file)
}

fn look(path: &Path) -> io::Result<(Content, FileIdentity)> {
    let (file, identity) = open_file(path)?;
    let length_bytes = identity.length_bytes();
    let digest = digest(&file, length_bytes)?;
    Ok((Content { length_bytes, digest }, identity))
}

fn clear(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == LOCK_FILE {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
