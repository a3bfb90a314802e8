//! What can go wrong with logins at registries.

use container_oci::RegistryHost;

use crate::Cause;

/// A login could not be made, shown or forgotten.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The registry does not accept this user name and password.
    #[error("cannot log in to {host}: it does not accept this password for {username}")]
    Refused {
        /// The registry.
        host: RegistryHost,
        /// The user name.
        username: String,
    },
    /// The registry could not be asked whether it accepts the login.
    #[error("cannot log in to {host}: {source}")]
    Registry {
        /// The registry.
        host: RegistryHost,
        /// Why.
        source: Cause,
    },
    /// There is no login to forget.
    #[error("not logged in to {host}")]
    NotLoggedIn {
        /// The registry.
        host: RegistryHost,
    },
    /// The logins could not be read or changed.
    #[error("cannot use the logins: {0}")]
    Store(#[source] Cause),
    /// The work ended before the logins were changed.
    #[error("cannot change the logins: the work was interrupted")]
    Interrupted,
}

impl LoginError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotLoggedIn { .. } => Some("container registry list".to_owned()),
            _ => None,
        }
    }
}

impl From<container_credentials::LoginError> for LoginError {
    fn from(error: container_credentials::LoginError) -> Self {
        Self::Store(Cause::new(error))
    }
}
