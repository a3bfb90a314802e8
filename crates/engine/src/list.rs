//! Looking containers up.

use container_model::{ContainerId, ContainerQuery};

use crate::{ContainerView, Engine, EngineError};

impl Engine {
    /// All containers, oldest first, after repair of those whose launcher died. The machines of builds are none.
    ///
    /// # Errors
    /// [`EngineError::List`] when the records cannot be read at all; a single bad record is left out and logged.
    pub fn list(&self) -> Result<Vec<ContainerView>, EngineError> {
        let listing = self.containers.list()?;
        for damaged in &listing.damaged {
            tracing::warn!(id = %damaged.id, error = %damaged.error, "the record of a container cannot be read");
        }
        let of_users = listing
            .containers
            .into_iter()
            .filter(|found| found.config.build.is_none());
        Ok(of_users.map(ContainerView::from).collect())
    }

    /// The container that a user means: of this name, or the only one whose id begins with it.
    ///
    /// # Errors
    /// [`EngineError::ContainerNotFound`]; [`EngineError::Ambiguous`] when several begin like this.
    pub fn find(&self, query: &ContainerQuery) -> Result<ContainerId, EngineError> {
        Ok(self.containers.find(query)?)
    }

    /// The container of exactly this id, after repair if its launcher died.
    ///
    /// # Errors
    /// [`EngineError::ContainerNotFound`]; [`EngineError::Load`] when its record cannot be read.
    pub fn load(&self, id: &ContainerId) -> Result<ContainerView, EngineError> {
        Ok(self.containers.load(id)?.into())
    }
}
