//! All containers at a glance.

use std::io;

use container_model::ContainerId;

use super::{ContainerStore, DamagedContainer, Listing};
use crate::{ListError, LoadError, discard};

impl ContainerStore {
    /// Reads all containers, repairing those whose launcher died, and collects what dead commands left half-made.
    ///
    /// # Errors
    /// [`ListError`] when the directory cannot be read. One container's damage is an entry of [`Listing::damaged`].
    pub fn list(&self) -> Result<Listing, ListError> {
        let mut listing = Listing::default();
        for id in self.names(true)? {
            match self.load(&id) {
                Ok(container) => listing.containers.push(container),
                // Deleted between the two looks, or not finished.
                Err(LoadError::NotFound { .. }) => discard::collect_unfinished(self.bundle(&id).directory()),
                Err(error) => listing.damaged.push(DamagedContainer { id, error }),
            }
        }
        listing
            .containers
            .sort_by(|a, b| (a.config.created, &a.config.id).cmp(&(b.config.created, &b.config.id)));
        Ok(listing)
    }

    /// The ids of all containers and of those being made, sorted, without looking at any of them.
    pub(super) fn names(&self, collect: bool) -> Result<Vec<ContainerId>, ListError> {
        let path = self.paths.containers();
        let error = |source| ListError {
            path: path.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(error(source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(error)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if discard::is_trash(name) {
                if collect {
                    discard::collect_trash(&entry.path());
                }
            } else if let Ok(id) = name.parse() {
                names.push(id);
            }
        }
        names.sort();
        Ok(names)
    }
}
