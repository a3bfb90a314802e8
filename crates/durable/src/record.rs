//! JSON records with a format version, whose unknown fields survive a rewrite.
//!
//! A newer program may add fields; an older one that rewrites the record keeps them. A change that an older program must
//! not touch raises the version instead, and the older program then refuses the record.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::replace::{ReplaceError, replace};

/// The largest record that is read. Records are small; a larger file is damage or malice.
const RECORD_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// A record as it stands in its file: `{"version": 1, …fields of T…, …unknown fields…}`.
///
/// `T` must be a struct without a field named `version`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<T> {
    /// Format version of the record.
    pub version: u32,
    /// The fields that this program knows.
    #[serde(flatten)]
    pub body: T,
    /// The fields that it does not; written back as they were read.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl<T> Record<T> {
    /// A record without unknown fields.
    pub fn new(version: u32, body: T) -> Self {
        Self {
            version,
            body,
            unknown: Map::new(),
        }
    }
}

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The record's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than any record.
    #[error("{} is too large for a record ({size_bytes} bytes)", path.display())]
    TooLarge {
        /// The record's file.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
    },
    /// The content is not such a record.
    #[error("{} is damaged: {source}", path.display())]
    Parse {
        /// The record's file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error(
        "{} has format version {found}, this program knows versions up to {supported}; use a newer `container`",
        path.display()
    )]
    Newer {
        /// The record's file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Highest version known here.
        supported: u32,
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
    Replace(#[from] ReplaceError),
}

impl RecordError {
    /// What the system said, where it said anything.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Replace(error) => error.io_error(),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

/// Reads the record at `path`; `None` when there is no such file.
///
/// # Errors
/// [`RecordError`]; [`RecordError::Newer`] when its version is above `supported`.
pub fn read_json<T: DeserializeOwned>(path: &Path, supported: u32) -> Result<Option<Record<T>>, RecordError> {
    let read_error = |source| RecordError::Read {
        path: path.to_owned(),
        source,
    };
    let parse_error = |source| RecordError::Parse {
        path: path.to_owned(),
        source,
    };
    let bytes = match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > RECORD_LIMIT_BYTES => {
            return Err(RecordError::TooLarge {
                path: path.to_owned(),
                size_bytes: metadata.len(),
            });
        }
        Ok(_) => std::fs::read(path).map_err(read_error)?,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(read_error(source)),
    };
    // The version is looked at first, because the fields of a newer version need not fit `T`.
    let VersionOnly { version: found } = serde_json::from_slice(&bytes).map_err(parse_error)?;
    if found > supported {
        return Err(RecordError::Newer {
            path: path.to_owned(),
            found,
            supported,
        });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(parse_error)
}

/// Replaces the record at `path`, durably (see [`replace`]).
///
/// # Errors
/// [`RecordError::Encode`] or [`RecordError::Replace`]; the old record is then still in place.
pub fn write_json<T: Serialize>(path: &Path, record: &Record<T>) -> Result<(), RecordError> {
    let mut bytes = serde_json::to_vec_pretty(record).map_err(|source| RecordError::Encode {
        path: path.to_owned(),
        source,
    })?;
    bytes.push(b'\n');
    Ok(replace(path, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Body {
        name: String,
        #[serde(default)]
        count: u32,
    }

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record.json");
        std::fs::write(&path, r#"{"version":1,"name":"a","colour":{"deep":[1,2]}}"#).unwrap();
        let mut record: Record<Body> = read_json(&path, 1).unwrap().unwrap();
        record.body.count = 7;
        write_json(&path, &record).unwrap();
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"version":1,"name":"a","count":7,"colour":{"deep":[1,2]}})
        );
    }

    #[test]
    fn a_newer_record_is_refused_even_when_its_fields_fit_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record.json");
        std::fs::write(&path, r#"{"version":2,"name":5}"#).unwrap();
        let error = read_json::<Body>(&path, 1).unwrap_err();
        assert!(
            matches!(
                error,
                RecordError::Newer {
                    found: 2,
                    supported: 1,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_missing_record_is_none_and_a_damaged_one_an_error() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record.json");
        assert!(read_json::<Body>(&path, 1).unwrap().is_none());
        std::fs::write(&path, b"{\"version\":1,").unwrap();
        assert!(matches!(read_json::<Body>(&path, 1), Err(RecordError::Parse { .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("record.json");
            std::fs::write(&path, bytes).unwrap();
            let _ = read_json::<Body>(&path, 1);
        }
    }
}
