//! Another name for a container that does not run.
//!
//! A container's name is that of its directory and in its record. So the record with the new name is put beside the old one first, then the
//! directory is renamed, which takes the name, and then the new record takes the place of the old one. A command that is killed before the
//! second step has done nothing; what is left after it is finished by whoever reads the container next.

use std::fs;
use std::io;

use container_durable::sync_dir;
use container_model::{ContainerConfig, ContainerId};

use super::ContainerStore;
use crate::{Bundle, OwnError, RenameError, record};

impl ContainerStore {
    /// Gives a container that does not run another name; returns what it is on record to be then.
    ///
    /// # Errors
    /// [`RenameError::Own`] when it runs or another command is making it, [`RenameError::Reserve`] when the name is taken. It then has its old name.
    pub fn rename(&self, id: &ContainerId, to: &ContainerId) -> Result<ContainerConfig, RenameError> {
        let owned = self.own(id)?;
        let bundle = owned.bundle();
        let mut config = self.load(id)?.config;
        if bundle.maker().exists() && !bundle.is_abandoned() {
            return Err(OwnError::Taken { id: id.clone() }.into());
        }
        // Finds out whether the name is free, and clears away what a command that died while it made a container of it has left.
        drop(self.reserve(to)?);
        config.id = to.clone();
        record::write_config(&bundle.renamed_config(), &config)?;
        bundle.remove_control_socket();
        let renamed = self.bundle(to);
        let failed = |source| RenameError::Place {
            path: bundle.directory().to_owned(),
            source,
        };
        if let Err(error) = fs::rename(bundle.directory(), renamed.directory()) {
            let _ = fs::remove_file(bundle.renamed_config());
            return Err(match error.kind() {
                // Another command has taken the name since: there is its lock in the directory.
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                    crate::ReserveError::NameTaken { id: to.clone() }.into()
                }
                _ => failed(error),
            });
        }
        // Whatever fails from here on, the container has its new name, and the next command finishes what is left to do.
        if finish_renaming(&renamed).is_ok() {
            let _ = sync_dir(renamed.directory());
        }
        let _ = sync_dir(&self.paths.containers());
        Ok(config)
    }
}

/// Puts the record with the new name in its place, if there is one. Several may do so at once.
pub(super) fn finish_renaming(bundle: &Bundle) -> io::Result<()> {
    let new = bundle.renamed_config();
    match record::read_config(&new) {
        Ok(Some(config)) if config.id == *bundle.id() => match fs::rename(new, bundle.config()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        // It is of a renaming that was not done.
        _ => Ok(()),
    }
}
