//! The JSON records of a container.
//!
//! A record is `{"version": 1, …}`. Fields that this program does not know are kept by the model's own types, which is why
//! [`container_durable::Record`] is not used here: it would collect them a second time.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use container_model::{ObservedState, Phase};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Map;

/// Version that this program writes, and the highest that it reads.
const VERSION: u32 = 1;

/// The largest record that is read. Records are a few kilobytes; a larger file is damage.
const LIMIT_BYTES: u64 = 16 << 20;

#[derive(Deserialize)]
struct Stored<T> {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize)]
struct Storing<'a, T> {
    version: u32,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The record's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content is not such a record.
    #[error("{} is damaged: {source}", path.display())]
    Damaged {
        /// The record's file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file is larger than any record.
    #[error("{} is damaged: it is larger than any record", path.display())]
    TooLarge {
        /// The record's file.
        path: PathBuf,
    },
    /// The record is another container's.
    #[error("{} is damaged: it belongs to {found}", path.display())]
    Foreign {
        /// The record's file.
        path: PathBuf,
        /// The id in it.
        found: container_model::ContainerId,
    },
    /// A newer program wrote it.
    #[error("{} has format version {found}, this program knows versions up to {VERSION}: use a newer `container`", path.display())]
    Newer {
        /// The record's file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
    },
    /// The value cannot be expressed as JSON.
    #[error("cannot encode {}: {source}", path.display())]
    Encode {
        /// The record's file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The file could not be replaced.
    #[error(transparent)]
    Replace(#[from] container_durable::ReplaceError),
    /// The lock could not be asked for.
    #[error(transparent)]
    Lock(#[from] container_durable::LockError),
}

/// Reads the record at `path`; `None` when there is no such file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let bytes = match read_bounded(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(StateError::TooLarge { path: path.to_owned() }),
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(StateError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let damaged = |source| StateError::Damaged {
        path: path.to_owned(),
        source,
    };
    // The version is looked at first, because the fields of a newer one need not fit `T`.
    let VersionOnly { version: found } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if found > VERSION {
        return Err(StateError::Newer {
            path: path.to_owned(),
            found,
        });
    }
    let stored: Stored<T> = serde_json::from_slice(&bytes).map_err(damaged)?;
    Ok(Some(stored.body))
}

fn read_bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let mut bytes = Vec::with_capacity(4096);
    file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LIMIT_BYTES).then_some(bytes))
}

/// Reads what was observed of a container. One that was never started has no such record.
pub(crate) fn read_state(path: &Path) -> Result<ObservedState, StateError> {
    let created = ObservedState {
        phase: Phase::Created,
        other: Map::new(),
    };
    Ok(read(path)?.unwrap_or(created))
}

/// Replaces the record at `path`, durably.
pub(crate) fn write<T: Serialize>(path: &Path, body: &T) -> Result<(), StateError> {
    let mut bytes =
        serde_json::to_vec_pretty(&Storing { version: VERSION, body }).map_err(|source| StateError::Encode {
            path: path.to_owned(),
            source,
        })?;
    bytes.push(b'\n');
    Ok(container_durable::replace(path, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn unknown_fields_survive_a_rewrite_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state.json");
        std::fs::write(&path, r#"{"version":1,"phase":{"name":"created"},"health":{"x":1}}"#).unwrap();
        let state = read_state(&path).unwrap();
        assert_eq!(state.phase, Phase::Created);
        write(&path, &state).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for key in ["version", "phase", "health"] {
            assert_eq!(text.matches(&format!("\"{key}\"")).count(), 1, "{text}");
        }
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["health"]["x"], 1);
    }

    #[test]
    fn newer_versions_and_damage_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state.json");
        assert!(read::<ObservedState>(&path).unwrap().is_none());
        std::fs::write(&path, r#"{"version":2,"phase":7}"#).unwrap();
        assert!(matches!(
            read::<ObservedState>(&path),
            Err(StateError::Newer { found: 2, .. })
        ));
        for damage in [
            "",
            "{",
            r#"{"phase":{"name":"created"}}"#,
            r#"{"version":1,"phase":"no"}"#,
        ] {
            std::fs::write(&path, damage).unwrap();
            assert!(
                matches!(read::<ObservedState>(&path), Err(StateError::Damaged { .. })),
                "{damage}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("state.json");
            std::fs::write(&path, &bytes).unwrap();
            let _ = read::<ObservedState>(&path);
        }
    }
}
