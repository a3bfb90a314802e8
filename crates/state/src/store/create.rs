//! Making a container: its name is taken first, its record makes it visible, and it lasts once its maker says so.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use container_durable::{FileLock, LockError, LockMode, create_private_dir, sync_dir, sync_in_order};
use container_model::{ContainerConfig, ContainerId};
use rustix::fs::AtFlags;

use super::{ContainerStore, REPAIR_LIMIT};
use crate::bundle::{LOCK_FILE, MAKER_FILE};
use crate::volumes::delete_anonymous_volumes;
use crate::{Bundle, CreateError, KeepError, ReserveError, StateError, discard, record};

/// How often a new directory may be taken for an abandoned one before its lock is held.
const ATTEMPTS: usize = 8;

impl ContainerStore {
    /// Takes a name, so that no other command makes a container of it. Other commands do not see the container yet.
    ///
    /// # Errors
    /// [`ReserveError::NameTaken`], [`ReserveError::CaseOnly`].
    pub fn reserve(&self, id: &ContainerId) -> Result<NewContainer, ReserveError> {
        let bundle = self.bundle(id);
        let taken = || match self.namesake(id) {
            Some(existing) => ReserveError::CaseOnly {
                id: id.clone(),
                existing,
            },
            None => ReserveError::NameTaken { id: id.clone() },
        };
        let place = |source| ReserveError::Place {
            path: bundle.directory().to_owned(),
            source,
        };
        create_private_dir(&self.paths.containers())?;
        for _ in 0..ATTEMPTS {
            let made = DirBuilder::new().mode(0o700).create(bundle.directory());
            let was_there = made.is_err();
            match made {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(place(error)),
                _ if bundle.config().exists() => return Err(taken()),
                // Made just now, or left by a command that died while it made a container; the lock tells which.
                _ => {}
            }
            let own = match FileLock::acquire_within(&bundle.lock(), LockMode::Exclusive, REPAIR_LIMIT) {
                Ok(Some(own)) => own,
                Ok(None) => return Err(taken()),
                // A command that lists containers took it for abandoned before it was locked.
                Err(LockError { source, .. }) if source.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            if bundle.config().exists() {
                return Err(taken());
            }
            // Left under a name of another case: what is made in it would never be found under this one.
            if was_there && self.directory_of_another_case(id)?.is_some() {
                if let Some(trash) = discard::move_away(bundle.directory()).map_err(place)? {
                    discard::remove(&trash);
                }
                continue;
            }
            discard::clear(bundle.directory(), LOCK_FILE).map_err(place)?;
            let directory = File::open(bundle.directory()).map_err(place)?;
            let maker = FileLock::acquire_within(&bundle.maker(), LockMode::Exclusive, REPAIR_LIMIT)?;
            return Ok(NewContainer {
                maker: Some(maker.ok_or_else(taken)?),
                own: Some(own),
                directory,
                bundle,
                record: None,
                outlives_power: true,
            });
        }
        Err(taken())
    }

    /// Makes a container at once. `prepare` puts its contents (the writable disk) into the directory it is given. The container
    /// appears whole or not at all.
    ///
    /// # Errors
    /// [`ReserveError::NameTaken`] inside [`CreateError::Reserve`]; [`CreateError::Prepare`] with what `prepare` says.
    pub fn create<E: std::error::Error + 'static>(
        &self,
        config: &ContainerConfig,
        prepare: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Bundle, CreateError<E>> {
        let mut new = self.reserve(&config.id)?;
        prepare(new.bundle().directory()).map_err(CreateError::Prepare)?;
        new.record(config)?;
        let bundle = new.bundle().clone();
        new.keep()?;
        Ok(bundle)
    }
}

/// A container whose maker has not let go of it. Dropped, or with its maker dead, it is undone: this one, and never another that
/// has its name by then.
#[derive(Debug)]
pub struct NewContainer {
    bundle: Bundle,
    /// Its directory, whatever has become of the name.
    directory: File,
    /// Held from the beginning to the end of the making; `None` once there is nothing left to undo.
    maker: Option<FileLock>,
    /// Possession, until a launcher may take it.
    own: Option<FileLock>,
    /// What it is to be, not yet synced.
    record: Option<File>,
    /// Whether it has to be there after a loss of power, once it is kept.
    outlives_power: bool,
}

impl NewContainer {
    /// Its files.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        self.bundle.id()
    }

    /// Records what it is to be: from now on other commands see it. Its start need not wait until that is on the disk: should power fail before
    /// it is kept, it is undone.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn record(&mut self, config: &ContainerConfig) -> Result<(), StateError> {
        self.outlives_power = !config.options.auto_remove;
        self.record = Some(record::place_config(&self.bundle.config(), config)?);
        Ok(())
    }

    /// Gives up possession, so that a launcher can take it. The container is still undone unless it is kept.
    pub fn release(&mut self) {
        self.own = None;
    }

    /// Lets go of it: from now on it lasts.
    ///
    /// # Errors
    /// [`KeepError`]; it is then undone.
    pub fn keep(mut self) -> Result<(), KeepError> {
        let failed = |source| KeepError {
            path: self.bundle.directory().to_owned(),
            source,
        };
        if let Some(record) = &self.record {
            // Before the mark goes, without which a record that a loss of power has damaged is not known to be one of a container in the making.
            sync_in_order(record).map_err(failed)?;
        }
        match rustix::fs::unlinkat(&self.directory, MAKER_FILE, AtFlags::empty()) {
            // It may have been deleted meanwhile, with everything in it.
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(failed(error.into())),
        }
        if self.outlives_power {
            // Else a loss of power would bring the mark back, and the next command would undo the container.
            sync_in_order(&self.directory).map_err(failed)?;
            if let Some(containers) = self.bundle.directory().parent() {
                sync_dir(containers).map_err(|error| failed(io::Error::other(error)))?;
            }
        }
        self.maker = None;
        Ok(())
    }

    fn still_has_its_name(&self) -> bool {
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        match (self.directory.metadata(), self.bundle.directory().symlink_metadata()) {
            (Ok(ours), Ok(named)) => identity(ours) == identity(named),
            _ => false,
        }
    }
}

impl Drop for NewContainer {
    fn drop(&mut self) {
        // First of all, so that a launcher that ends at this moment finds the container abandoned and removes it.
        if self.maker.take().is_none() {
            return;
        }
        let own = self.own.take().or_else(|| {
            FileLock::try_acquire_existing(&self.bundle.lock(), LockMode::Exclusive)
                .ok()
                .flatten()
        });
        // Without possession it is a launcher's, who removes it at its end.
        if own.is_some() && self.still_has_its_name() {
            let config = record::read_config(&self.bundle.config()).ok().flatten();
            self.bundle.remove_control_socket();
            if let Ok(Some(trash)) = discard::move_away(self.bundle.directory()) {
                discard::remove(&trash);
                if let Some(config) = config {
                    delete_anonymous_volumes(self.bundle.app_root(), &config);
                }
            }
        }
    }
}
