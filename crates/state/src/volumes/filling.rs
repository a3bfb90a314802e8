//! The first content of a volume that machines share: what the image of its first container has.
//!
//! A copy is there as a whole or not at all for the programs of all containers. Whoever starts a container takes the volume's filling lock before the
//! container's programs run, and fills the volume only if it is empty and no container's programs have it. While it is being filled a mark lies
//! beside its content; who finds the mark with the lock free knows that the copying machine was killed, and removes what that had copied.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockError, LockMode, sync_dir};
use container_model::VolumeName;

use super::{VolumeStore, tree};

/// The lock of who looks whether the volume has to be filled, and fills it.
const FILLING_LOCK: &str = "filling.lock";
/// The lock of those whose programs have the volume; taken only by who has the other one.
const USE_LOCK: &str = "use.lock";
/// The mark.
const MARK: &str = "filling";

/// The first content of a volume cannot be seen to.
#[derive(Debug, thiserror::Error)]
pub enum FillingError {
    /// A lock cannot be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Something of the volume cannot be read or changed.
    #[error("cannot prepare {}: {source}", path.display())]
    Prepare {
        /// What it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A volume whose first content is being seen to by the holder of this value. Dropped, it leaves what was begun to the next one.
#[derive(Debug)]
pub struct VolumeFilling {
    directory: PathBuf,
    data: PathBuf,
    needs_image: bool,
    use_lock: Option<FileLock>,
    _filling_lock: FileLock,
}

/// The use of a volume by a container's programs, for as long as this value, or its process, lives: meanwhile nobody fills it.
#[derive(Debug)]
pub struct VolumeUse {
    _lock: FileLock,
}

impl VolumeStore {
    /// Whether a copy into a volume was begun and is not complete.
    #[must_use]
    pub fn is_being_filled(&self, name: &VolumeName) -> bool {
        self.directory(name).join(MARK).exists()
    }

    /// Begins to see to the first content of a volume; `wants_image` says whether the container would fill it. `None` while another one is at it.
    ///
    /// # Errors
    /// [`FillingError`].
    pub fn begin_filling(&self, name: &VolumeName, wants_image: bool) -> Result<Option<VolumeFilling>, FillingError> {
        let (directory, data) = (self.directory(name), self.data(name));
        let Some(filling_lock) = FileLock::try_acquire(&directory.join(FILLING_LOCK), LockMode::Exclusive)? else {
            return Ok(None);
        };
        let mut filling = VolumeFilling {
            use_lock: FileLock::try_acquire(&directory.join(USE_LOCK), LockMode::Exclusive)?,
            directory,
            data,
            needs_image: false,
            _filling_lock: filling_lock,
        };
        // Content of containers that run is never touched, and they have seen to the mark.
        if filling.use_lock.is_some() {
            let data = filling.data.clone();
            filling
                .prepare(wants_image)
                .map_err(|source| FillingError::Prepare { path: data, source })?;
        }
        Ok(Some(filling))
    }
}

impl VolumeFilling {
    fn prepare(&mut self, wants_image: bool) -> io::Result<()> {
        let mark = self.mark();
        let was_begun = mark.try_exists()?;
        if was_begun {
            tree::empty(&self.data)?;
        }
        self.needs_image = wants_image && fs::read_dir(&self.data)?.next().is_none();
        if self.needs_image {
            File::create(&mark)?.sync_all()?;
            durable(&self.directory)
        } else if was_begun {
            fs::remove_file(&mark)
        } else {
            Ok(())
        }
    }

    fn mark(&self) -> PathBuf {
        self.directory.join(MARK)
    }

    /// Whether what the image has is to be copied into the volume.
    #[must_use]
    pub fn needs_image(&self) -> bool {
        self.needs_image
    }

    /// The copy is complete, or none was needed, and the container's programs are about to run.
    ///
    /// # Errors
    /// [`FillingError`]; the copy does not count then.
    pub fn complete(self) -> Result<VolumeUse, FillingError> {
        if self.needs_image {
            let finish = || {
                // What was copied reaches the disk before the mark is gone. Once for a volume, so that other programs' data may come along.
                rustix::fs::sync();
                fs::remove_file(self.mark())?;
                durable(&self.directory)
            };
            finish().map_err(|source| FillingError::Prepare {
                path: self.data.clone(),
                source,
            })?;
        }
        // Given up before it is taken with others; nobody else asks for it meanwhile.
        drop(self.use_lock);
        let lock = FileLock::acquire(&self.directory.join(USE_LOCK), LockMode::Shared)?;
        Ok(VolumeUse { _lock: lock })
    }
}

fn durable(directory: &Path) -> io::Result<()> {
    sync_dir(directory).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AppPaths, VolumeRequest};

    fn volume() -> (tempfile::TempDir, VolumeStore, VolumeName) {
        let root = tempfile::tempdir().unwrap();
        let store = VolumeStore::new(&AppPaths::new(root.path(), root.path().join("run")));
        let mut request = VolumeRequest::new("data".parse().unwrap());
        request.options.insert("type".to_owned(), "shared".to_owned());
        let made = store.create(&request).unwrap();
        assert!(made.is_shared() && made.size_bytes.is_none());
        (root, store, made.name)
    }

    fn begin(store: &VolumeStore, name: &VolumeName) -> VolumeFilling {
        store.begin_filling(name, true).unwrap().unwrap()
    }

    #[test]
    fn one_fills_an_empty_volume_and_the_others_wait_for_it() {
        let (_root, store, name) = volume();
        let first = begin(&store, &name);
        assert!(first.needs_image());
        assert!(store.begin_filling(&name, true).unwrap().is_none());
        fs::write(store.data(&name).join("file"), "").unwrap();
        let first_use = first.complete().unwrap();
        let second = begin(&store, &name);
        assert!(!second.needs_image());
        drop((second.complete().unwrap(), first_use));
        assert!(store.data(&name).join("file").exists());
    }

    #[test]
    fn what_a_killed_machine_has_copied_is_removed_also_by_who_copies_nothing() {
        let (_root, store, name) = volume();
        for wants_image in [true, false] {
            assert!(begin(&store, &name).needs_image());
            fs::create_dir(store.data(&name).join("half")).unwrap();
            let next = store.begin_filling(&name, wants_image).unwrap().unwrap();
            assert_eq!(next.needs_image(), wants_image);
            assert!(!store.data(&name).join("half").exists());
            next.complete().unwrap();
        }
        assert!(!store.directory(&name).join(MARK).exists());
    }

    #[test]
    fn a_volume_that_programs_have_is_not_filled() {
        let (_root, store, name) = volume();
        let running = store.begin_filling(&name, false).unwrap().unwrap().complete().unwrap();
        let second = begin(&store, &name);
        assert!(!second.needs_image());
        drop((second, running));
        assert!(begin(&store, &name).needs_image());
    }
}
