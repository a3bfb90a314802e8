//! The logins made with `registry login`.
//!
//! `registries.json` in the app root (mode 0600, replaced by rename) says who is logged in where and in which place the secret is. A
//! change holds `registries.lock`, so that two changes at once do not undo each other. The secret is stored before the record names
//! it: a process that is killed in between leaves at most an unused secret in the key ring, which the next login of the same user
//! replaces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use container_durable::{FileLock, LockError, LockMode, Record, RecordBody, RecordError, read_record, write_record};
use container_oci::RegistryHost;
use container_registry::{Credential, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{Keyring, KeyringError, KeyringKind};

/// The record, in the app root.
const FILE: &str = "registries.json";
/// Held while the record is changed.
const LOCK: &str = "registries.lock";
/// The longest wait for another login or logout: more than two calls of the slowest key ring.
const LOCK_LIMIT: Duration = Duration::from_secs(130);

/// The logins below one app root.
#[derive(Debug, Clone)]
pub struct LoginStore {
    directory: PathBuf,
    keyring: Option<Arc<dyn Keyring>>,
}

/// A login, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The registry.
    pub host: RegistryHost,
    /// Who is logged in.
    pub username: String,
    /// When the first login there was.
    pub created: OffsetDateTime,
    /// When the last one was.
    pub modified: OffsetDateTime,
}

/// Where the secret of a new login is.
#[derive(Debug)]
pub enum SavedLogin {
    /// In the system's key ring.
    InKeyring(KeyringKind),
    /// Unencrypted in a file that only its owner can read.
    InFile {
        /// The file.
        path: PathBuf,
        /// Why the key ring was of no use; `None` when there is none.
        keyring: Option<KeyringError>,
    },
}

/// What came of removing a login.
#[derive(Debug)]
pub enum RemovedLogin {
    /// The login and its secret are removed.
    Gone,
    /// The login is removed, but its secret is still in the key ring.
    SecretLeft(KeyringError),
}

/// Why logins could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record could not be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process holds the lock of the record for too long.
    #[error("another login or logout is still at work on {}; try again when it has ended", path.display())]
    Busy {
        /// The record.
        path: PathBuf,
    },
    /// The key ring with the secret cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Body {
    #[serde(default)]
    registries: BTreeMap<RegistryHost, Entry>,
}

impl RecordBody for Body {
    const VERSION: u32 = 1;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    username: String,
    #[serde(with = "time::serde::rfc3339")]
    created: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    modified: OffsetDateTime,
    secret: Place,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// Where a secret is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "camelCase")]
enum Place {
    Keyring { keyring: KeyringKind },
    File { value: String },
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keyring { keyring } => write!(f, "Keyring({keyring:?})"),
            Self::File { .. } => f.write_str("File(…)"),
        }
    }
}

impl LoginStore {
    /// The logins below `app_root`; new secrets go to `keyring` if there is one.
    #[must_use]
    pub fn new(app_root: &Path, keyring: Option<Arc<dyn Keyring>>) -> Self {
        Self {
            directory: app_root.to_owned(),
            keyring,
        }
    }

    /// All logins, by registry.
    ///
    /// # Errors
    /// [`LoginError::Record`].
    pub fn list(&self) -> Result<Vec<Login>, LoginError> {
        let registries = self.read()?.body.registries;
        let logins = registries.into_iter().map(|(host, entry)| Login {
            host,
            username: entry.username,
            created: entry.created,
            modified: entry.modified,
        });
        Ok(logins.collect())
    }

    /// The credential of the login at a registry.
    ///
    /// # Errors
    /// [`LoginError::Record`], and [`LoginError::Keyring`] when the key ring does not give the secret.
    pub fn credential(&self, host: &RegistryHost) -> Result<Option<Credential>, LoginError> {
        let Some(entry) = self.read()?.body.registries.remove(host) else {
            return Ok(None);
        };
        let password = match entry.secret {
            Place::File { value } => Secret::new(value),
            Place::Keyring { keyring: kind } => {
                let secret = self.keyring(kind)?.fetch(host, &entry.username)?;
                secret.ok_or_else(|| KeyringError {
                    kind,
                    reason: format!("it has no password for {} any more; log in again", entry.username),
                })?
            }
        };
        Ok(Some(Credential::Password {
            username: entry.username,
            password,
        }))
    }

    /// Stores a login, in place of an earlier one.
    ///
    /// # Errors
    /// [`LoginError`]; an earlier login is then still in the record, but if it is of the same user, the key ring may have the new secret
    /// already. A key ring that cannot be used is no error: the secret is stored in the file.
    pub fn save(&self, host: &RegistryHost, username: &str, secret: &Secret) -> Result<SavedLogin, LoginError> {
        let _lock = self.lock()?;
        let mut record = self.read()?;
        let before = record.body.registries.get(host).cloned();
        let (place, saved) = self.store_secret(host, username, secret);
        let now = OffsetDateTime::now_utc();
        let entry = Entry {
            username: username.to_owned(),
            created: before.as_ref().map_or(now, |before| before.created),
            modified: now,
            secret: place,
            unknown: before.as_ref().map(|before| before.unknown.clone()).unwrap_or_default(),
        };
        record.body.registries.insert(host.clone(), entry.clone());
        write_record(&self.path(), &record)?;
        if let Some(before) = before.filter(|before| before.username != username || before.secret != entry.secret) {
            // The earlier secret is not used any more, so that failing to delete it does no harm.
            let _ = self.delete_secret(host, &before);
        }
        Ok(saved)
    }

    /// Removes a login; `None` when there is none.
    ///
    /// # Errors
    /// [`LoginError`]; the login is then still in the record, but its secret may have been deleted.
    pub fn remove(&self, host: &RegistryHost) -> Result<Option<RemovedLogin>, LoginError> {
        let _lock = self.lock()?;
        let mut record = self.read()?;
        let Some(entry) = record.body.registries.remove(host) else {
            return Ok(None);
        };
        // The secret is deleted first: a process that is killed in between leaves a login that can be removed again, not a secret.
        let deleted = self.delete_secret(host, &entry);
        write_record(&self.path(), &record)?;
        Ok(Some(match deleted {
            Ok(()) => RemovedLogin::Gone,
            Err(error) => RemovedLogin::SecretLeft(error),
        }))
    }

    fn store_secret(&self, host: &RegistryHost, username: &str, secret: &Secret) -> (Place, SavedLogin) {
        let failure = match &self.keyring {
            None => None,
            Some(keyring) => match keyring.store(host, username, secret) {
                Ok(()) => {
                    let keyring = keyring.kind();
                    return (Place::Keyring { keyring }, SavedLogin::InKeyring(keyring));
                }
                Err(error) => Some(error),
            },
        };
        let place = Place::File {
            value: secret.reveal().to_owned(),
        };
        let (path, keyring) = (self.path(), failure);
        (place, SavedLogin::InFile { path, keyring })
    }

    fn delete_secret(&self, host: &RegistryHost, entry: &Entry) -> Result<(), KeyringError> {
        match entry.secret {
            Place::File { .. } => Ok(()),
            Place::Keyring { keyring } => self.keyring(keyring)?.delete(host, &entry.username),
        }
    }

    /// The key ring that a record names; it need not be the one of this session.
    fn keyring(&self, kind: KeyringKind) -> Result<&dyn Keyring, KeyringError> {
        let keyring = self.keyring.as_deref().filter(|keyring| keyring.kind() == kind);
        keyring.ok_or_else(|| KeyringError {
            kind,
            reason: "there is none in this session".to_owned(),
        })
    }

    fn lock(&self) -> Result<FileLock, LoginError> {
        FileLock::acquire_within(&self.directory.join(LOCK), LockMode::Exclusive, LOCK_LIMIT)?
            .ok_or_else(|| LoginError::Busy { path: self.path() })
    }

    fn read(&self) -> Result<Record<Body>, RecordError> {
        Ok(read_record(&self.path())?.unwrap_or_else(|| Record::new(Body::default())))
    }

    fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }
}
