//! Credentials for a registry, and the source that they come from.

use std::fmt;

/// A secret text. Its `Debug` form hides it, so that it does not get into messages and logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to be sent or stored.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A credential that a registry or its token server may accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// User name and password, or a personal access token in its place.
    Password {
        /// User name.
        username: String,
        /// Password.
        password: Secret,
    },
    /// A refresh token, which a token server exchanges for access tokens (Docker's `identitytoken`).
    IdentityToken(Secret),
}

/// A source of credentials. It is called on a thread that may block, because it may start a program or open a key ring.
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// The credential for a registry, named as in references (`docker.io`, `127.0.0.1:5000`); `None` when there is none.
    ///
    /// # Errors
    /// [`CredentialError`] when a place could not be read. Having no credential for the host is not an error.
    fn credential(&self, host: &str) -> Result<Option<Credential>, CredentialError>;
}

/// Why a place with credentials could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the credentials for {host} from {place}: {reason}")]
pub struct CredentialError {
    /// The registry.
    pub host: String,
    /// The place: a file, a program, a key ring.
    pub place: String,
    /// What happened; never part of a secret.
    pub reason: String,
}

/// A source without credentials.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCredentials;

impl CredentialSource for NoCredentials {
    fn credential(&self, _: &str) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let credential = Credential::Password {
            username: "ann".to_owned(),
            password: Secret::new("hunter2"),
        };
        assert!(!format!("{credential:?}").contains("hunter2"));
    }
}
