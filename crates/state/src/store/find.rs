//! Which container a user's words mean.

use container_model::{ContainerId, ContainerQuery};

use super::ContainerStore;
use crate::FindError;

impl ContainerStore {
    /// The container whose id is what the user typed, else the only one whose id begins with it.
    ///
    /// # Errors
    /// [`FindError::NotFound`] and [`FindError::Ambiguous`].
    pub fn find(&self, query: &ContainerQuery) -> Result<ContainerId, FindError> {
        let not_found = || FindError::NotFound { query: query.clone() };
        let words = query.as_str();
        if let Ok(id) = words.parse::<ContainerId>()
            && self.is_there(&id)
        {
            return Ok(id);
        }
        if words.is_empty() {
            return Err(not_found());
        }
        let mut candidates = self.names(false)?;
        candidates.retain(|id| id.as_str().starts_with(words) && self.is_there(id));
        match candidates.len() {
            0 | 1 => candidates.pop().ok_or_else(not_found),
            _ => Err(FindError::Ambiguous {
                query: query.clone(),
                candidates,
            }),
        }
    }
}
