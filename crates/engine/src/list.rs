//! Looking containers up.

use crate::{ContainerView, Engine, EngineError};

impl Engine {
    /// All containers, oldest first, after repair of those whose launcher died.
    ///
    /// # Errors
    /// [`EngineError::State`] when the records cannot be read at all; a single bad record is left out and logged.
    pub fn list(&self) -> Result<Vec<ContainerView>, EngineError> {
        let listing = self.containers.list()?;
        for damaged in &listing.damaged {
            tracing::warn!(id = %damaged.id, error = %damaged.error, "the record of a container cannot be read");
        }
        Ok(listing.containers.into_iter().map(ContainerView::from).collect())
    }

    /// The container of this name, or the only one whose id begins with it.
    ///
    /// # Errors
    /// [`EngineError::NoSuchContainer`].
    pub fn find(&self, name: &str) -> Result<ContainerView, EngineError> {
        let id = self.containers.find(name)?;
        Ok(self.containers.load(&id)?.into())
    }
}
