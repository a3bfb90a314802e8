//! `registry list`.

use container_credentials::Login;

use crate::{Engine, EngineError};

impl Engine {
    /// The logins that there are, by registry. Those of Docker and podman are not ours and not listed.
    ///
    /// # Errors
    /// [`EngineError::Logins`] when they cannot be read.
    pub fn logins(&self) -> Result<Vec<Login>, EngineError> {
        Ok(self.logins.list()?)
    }
}
