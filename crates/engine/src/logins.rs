//! `registry list`.

use container_oci::RegistryHost;
use time::OffsetDateTime;

use crate::{Engine, LoginError};

/// A login, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginView {
    /// The registry.
    pub host: RegistryHost,
    /// Who is logged in.
    pub username: String,
    /// When the first login there was.
    pub created: OffsetDateTime,
    /// When the last one was.
    pub modified: OffsetDateTime,
}

impl Engine {
    /// The logins that there are, by registry. Those of Docker and podman are not listed: they are not kept here.
    ///
    /// # Errors
    /// [`LoginError::Store`] when they cannot be read.
    pub fn logins(&self) -> Result<Vec<LoginView>, LoginError> {
        let views = self.logins.list()?.into_iter().map(|login| LoginView {
            host: login.host,
            username: login.username,
            created: login.created,
            modified: login.modified,
        });
        Ok(views.collect())
    }
}
