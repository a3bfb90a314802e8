//! What proves to a registry who is asking.

use std::fmt;

/// A text that must not show up in a message or a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who sends or stores it.
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

/// Something that a registry or its token server accepts.
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

/// Where credentials come from. Asked once per registry, on a thread that may block: it may start a program or open a key ring.
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// The credential for a registry, named as in references (`docker.io`, `127.0.0.1:5000`); `None` when there is none.
    ///
    /// # Errors
    /// [`CredentialError`] when a place could not be looked at; having nothing for the host is no error.
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

/// Has none.
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
