//! Domains under which containers find each other besides their plain names: `web.test` for the container `web` and the domain `test`.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use container_durable::{
    DirectoryError, FileLock, LockError, LockMode, Record, RecordBody, RecordError, create_private_dir, read_record,
    write_record,
};
use container_state::AppPaths;
use serde::{Deserialize, Serialize};

/// Name of the directory below the app root.
const DIRECTORY: &str = "dns";

/// How long the lock is waited for. It is held for one file.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// The domains of one app root.
#[derive(Debug, Clone)]
pub struct DomainStore {
    directory: PathBuf,
}

/// The contents of `domains.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Domains {
    #[serde(default)]
    domains: Vec<String>,
}

impl RecordBody for Domains {
    const VERSION: u32 = 1;
}

/// A state of the record that differs from every other one: it is replaced, never written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DomainsStamp {
    inode: u64,
    modified: Option<SystemTime>,
}

/// The domains could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// It is there already.
    #[error("domain {0} exists already")]
    Exists(String),
    /// It is not there.
    #[error("domain {0:?} not found")]
    NotFound(String),
    /// The record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The directory of the record.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The lock of the record could not be asked for.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process keeps the record locked.
    #[error("{} is locked by another process", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
}

impl DomainStore {
    /// The domains below `paths`; nothing is touched yet.
    #[must_use]
    pub fn new(paths: &AppPaths) -> Self {
        Self {
            directory: paths.root().join(DIRECTORY),
        }
    }

    /// All domains, in lower case and sorted.
    ///
    /// # Errors
    /// [`DomainError::Record`].
    pub fn list(&self) -> Result<Vec<String>, DomainError> {
        Ok(self.read()?.body.domains)
    }

    /// What [`DomainStore::list`] would read now; `None` while there is no record.
    pub(crate) fn stamp(&self) -> Option<DomainsStamp> {
        let metadata = self.path().metadata().ok()?;
        Some(DomainsStamp {
            inode: metadata.ino(),
            modified: metadata.modified().ok(),
        })
    }

    /// Adds a domain.
    ///
    /// # Errors
    /// [`DomainError::Exists`].
    pub fn add(&self, domain: &str) -> Result<(), DomainError> {
        let domain = domain.to_ascii_lowercase();
        self.change(|domains| match domains.binary_search(&domain) {
            Ok(_) => Err(DomainError::Exists(domain)),
            Err(place) => {
                domains.insert(place, domain);
                Ok(())
            }
        })
    }

    /// Removes a domain.
    ///
    /// # Errors
    /// [`DomainError::NotFound`].
    pub fn remove(&self, domain: &str) -> Result<(), DomainError> {
        let domain = domain.to_ascii_lowercase();
        self.change(|domains| match domains.binary_search(&domain) {
            Ok(place) => {
                domains.remove(place);
                Ok(())
            }
            Err(_) => Err(DomainError::NotFound(domain)),
        })
    }

    fn path(&self) -> PathBuf {
        self.directory.join("domains.json")
    }

    fn read(&self) -> Result<Record<Domains>, DomainError> {
        let mut record = read_record::<Domains>(&self.path())?.unwrap_or_else(|| Record::new(Domains::default()));
        record.body.domains.sort();
        Ok(record)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<String>) -> Result<(), DomainError>) -> Result<(), DomainError> {
        create_private_dir(&self.directory)?;
        let path = self.directory.join("lock");
        let _lock =
            FileLock::acquire_within(&path, LockMode::Exclusive, LOCK_LIMIT)?.ok_or(DomainError::Busy { path })?;
        let mut record = self.read()?;
        change(&mut record.body.domains)?;
        Ok(write_record(&self.path(), &record)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_added_once_and_removed() {
        let root = tempfile::tempdir().unwrap();
        let store = DomainStore::new(&AppPaths::new(root.path(), root.path().join("run")));
        assert!(store.list().unwrap().is_empty());
        store.add("test").unwrap();
        store.add("Lab").unwrap();
        assert!(matches!(store.add("TEST"), Err(DomainError::Exists(_))));
        assert_eq!(store.list().unwrap(), ["lab", "test"]);
        store.remove("lab").unwrap();
        assert!(matches!(store.remove("lab"), Err(DomainError::NotFound(_))));
        assert_eq!(store.list().unwrap(), ["test"]);
    }
}
