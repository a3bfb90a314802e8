//! The key ring of the system.

#[cfg(target_os = "macos")]
mod keychain;
#[cfg(target_os = "linux")]
mod secret_service;

use std::fmt;
use std::sync::Arc;

use container_oci::RegistryHost;
use container_registry::Secret;
use serde::{Deserialize, Serialize};

/// A key ring of the system. Every call has a time limit.
pub trait Keyring: fmt::Debug + Send + Sync {
    /// Which one it is.
    fn kind(&self) -> KeyringKind;

    /// Stores the secret of a user of a registry, in place of an earlier one.
    ///
    /// # Errors
    /// [`KeyringError`]
    fn store(&self, host: &RegistryHost, username: &str, secret: &Secret) -> Result<(), KeyringError>;

    /// The secret of a user of a registry, if there is one.
    ///
    /// # Errors
    /// [`KeyringError`]
    fn fetch(&self, host: &RegistryHost, username: &str) -> Result<Option<Secret>, KeyringError>;

    /// Deletes the secret of a user of a registry. It is no error when there is none.
    ///
    /// # Errors
    /// [`KeyringError`]
    fn delete(&self, host: &RegistryHost, username: &str) -> Result<(), KeyringError>;
}

/// The kinds of key rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyringKind {
    /// Keychain of macOS.
    Keychain,
    /// Secret Service of a Linux desktop: GNOME Keyring, KWallet, KeePassXC.
    SecretService,
}

impl fmt::Display for KeyringKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keychain => "the Keychain",
            Self::SecretService => "the Secret Service",
        })
    }
}

/// Why a key ring cannot be used now.
#[derive(Debug, thiserror::Error)]
#[error("{kind} cannot be used: {reason}")]
pub struct KeyringError {
    /// The key ring.
    pub kind: KeyringKind,
    /// What happened; never part of a secret.
    pub reason: String,
}

/// The key ring of this system, if it seems to have one.
#[cfg(target_os = "macos")]
#[must_use]
pub fn system_keyring() -> Option<Arc<dyn Keyring>> {
    Some(Arc::new(keychain::Keychain))
}

/// The key ring of this system, if it seems to have one.
#[cfg(target_os = "linux")]
#[must_use]
pub fn system_keyring() -> Option<Arc<dyn Keyring>> {
    let service = secret_service::SecretService::of_session()?;
    Some(Arc::new(service))
}

/// No key ring is known for this system.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[must_use]
pub fn system_keyring() -> Option<Arc<dyn Keyring>> {
    None
}
