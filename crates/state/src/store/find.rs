//! Which container a name on the command line means.

use container_model::ContainerId;

use super::ContainerStore;
use crate::FindError;

impl ContainerStore {
    /// The container whose id is `name`, else the only one whose id begins with it.
    ///
    /// # Errors
    /// [`FindError::NotFound`] and [`FindError::Ambiguous`].
    pub fn find(&self, name: &str) -> Result<ContainerId, FindError> {
        let not_found = || FindError::NotFound { name: name.to_owned() };
        if let Ok(id) = name.parse::<ContainerId>()
            && self.bundle(&id).config().exists()
        {
            return Ok(id);
        }
        if name.is_empty() {
            return Err(not_found());
        }
        let mut candidates = self.names(false)?;
        candidates.retain(|id| id.as_str().starts_with(name));
        match candidates.len() {
            0 | 1 => candidates.pop().ok_or_else(not_found),
            _ => Err(FindError::Ambiguous {
                name: name.to_owned(),
                candidates,
            }),
        }
    }
}
