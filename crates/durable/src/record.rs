//! JSON records with a format version, whose unknown fields survive a rewrite.
//!
//! A newer program may add fields; an older one that rewrites the record keeps them. A change that an older program must
//! not touch raises the version instead, and the older program then refuses the record. A newer program reads records of older
//! versions through [`RecordBody::upgrade`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::replace::{place, replace};
use crate::reserve::Reserve;

mod error;

pub use error::RecordError;

/// The largest record that is read. Records are small; a larger file is damage or malice.
const RECORD_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// The key of the format version.
const VERSION_KEY: &str = "version";

/// The fields of a record that this program knows: a struct without a field named `version`.
pub trait RecordBody: Serialize + DeserializeOwned {
    /// Format version that this program writes, and the highest that it reads.
    const VERSION: u32;

    /// The fields of a record of an older `version` as [`RecordBody::VERSION`] has them. Unless a body says otherwise they are the
    /// same.
    ///
    /// # Errors
    /// When the fields are not those of that version.
    fn upgrade(version: u32, fields: Map<String, Value>) -> Result<Map<String, Value>, serde_json::Error> {
        let _ = version;
        Ok(fields)
    }
}

/// A record as it stands in its file: `{"version": 1, …fields of T…, …unknown fields…}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<T> {
    /// The fields that this program knows.
    pub body: T,
    /// The fields that `T` does not write; written back as they were read. Empty when `T` has a place for them itself.
    pub unknown: Map<String, Value>,
}

impl<T> Record<T> {
    /// A record without unknown fields.
    pub fn new(body: T) -> Self {
        Self {
            body,
            unknown: Map::new(),
        }
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Serialize)]
struct Stored<'a, T> {
    version: u32,
    #[serde(flatten)]
    body: &'a T,
    #[serde(flatten)]
    unknown: &'a Map<String, Value>,
}

/// Reads the record at `path`; `None` when there is no such file.
///
/// # Errors
/// [`RecordError`]; [`RecordError::Newer`] when its version is above [`RecordBody::VERSION`].
pub fn read_record<T: RecordBody>(path: &Path) -> Result<Option<Record<T>>, RecordError> {
    let Some(bytes) = read_bounded(path)? else {
        return Ok(None);
    };
    let parse_error = |source| RecordError::Parse {
        path: path.to_owned(),
        source,
    };
    // The version is looked at first, because the fields of a newer version need not fit `T`.
    let VersionOnly { version: found } = serde_json::from_slice(&bytes).map_err(parse_error)?;
    if found > T::VERSION {
        return Err(RecordError::Newer {
            path: path.to_owned(),
            found,
            supported: T::VERSION,
        });
    }
    parse(found, &bytes).map(Some).map_err(parse_error)
}

fn parse<T: RecordBody>(version: u32, bytes: &[u8]) -> Result<Record<T>, serde_json::Error> {
    let mut fields: Map<String, Value> = serde_json::from_slice(bytes)?;
    fields.remove(VERSION_KEY);
    if version < T::VERSION {
        fields = T::upgrade(version, fields)?;
    }
    let body: T = serde_json::from_value(Value::Object(fields.clone()))?;
    Ok(Record {
        unknown: not_written_by(&body, fields)?,
        body,
    })
}

/// The fields that `body` does not write itself.
fn not_written_by<T: Serialize>(
    body: &T,
    mut fields: Map<String, Value>,
) -> Result<Map<String, Value>, serde_json::Error> {
    if let Value::Object(written) = serde_json::to_value(body)? {
        fields.retain(|key, _| !written.contains_key(key));
    }
    Ok(fields)
}

fn read_bounded(path: &Path) -> Result<Option<Vec<u8>>, RecordError> {
    let read = || -> io::Result<(u64, Vec<u8>)> {
        let file = File::open(path)?;
        let size_bytes = file.metadata()?.len();
        // With room for all of it, so that it is read at once.
        let mut bytes = Vec::with_capacity(usize::try_from(size_bytes.min(RECORD_LIMIT_BYTES)).unwrap_or_default() + 1);
        // The file may grow between the two looks.
        file.take(RECORD_LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
        Ok((size_bytes.max(bytes.len() as u64), bytes))
    };
    match read() {
        Ok((size_bytes, _)) if size_bytes > RECORD_LIMIT_BYTES => Err(RecordError::TooLarge {
            path: path.to_owned(),
            size_bytes,
        }),
        Ok((_, bytes)) => Ok(Some(bytes)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RecordError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Replaces the record at `path`, durably (see [`replace`]).
///
/// # Errors
/// [`RecordError::Encode`] or [`RecordError::Replace`]; the old record is then still in place.
pub fn write_record<T: RecordBody>(path: &Path, record: &Record<T>) -> Result<(), RecordError> {
    Ok(replace(path, &encoded(path, record)?)?)
}

/// As [`write_record`], for a record on which nobody relies yet: it is seen whole, but a loss of power may leave it empty until the file that is
/// returned and then its directory have been synced.
///
/// # Errors
/// Those of [`write_record`].
pub fn place_record<T: RecordBody>(path: &Path, record: &Record<T>) -> Result<File, RecordError> {
    Ok(place(path, &encoded(path, record)?)?)
}

/// As [`write_record`], and where the disk is full with the room that was kept for it.
///
/// # Errors
/// Those of [`write_record`].
pub fn write_last_record<T: RecordBody>(
    path: &Path,
    record: &Record<T>,
    reserve: Option<Reserve>,
) -> Result<(), RecordError> {
    let bytes = encoded(path, record)?;
    match (replace(path, &bytes), reserve) {
        (Err(error), Some(reserve)) if error.is_want_of_room() => Ok(reserve.replace(path, &bytes)?),
        (written, _) => Ok(written?),
    }
}

fn encoded<T: RecordBody>(path: &Path, record: &Record<T>) -> Result<Vec<u8>, RecordError> {
    let encode = || {
        // A field that `T` left out when the record was read may be one that it has to write by now.
        let unknown = match record.unknown.is_empty() {
            true => Map::new(),
            false => not_written_by(&record.body, record.unknown.clone())?,
        };
        let mut bytes = serde_json::to_vec_pretty(&Stored {
            version: T::VERSION,
            body: &record.body,
            unknown: &unknown,
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    };
    encode().map_err(|source| RecordError::Encode {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Body {
        name: String,
        #[serde(default)]
        count: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }

    impl RecordBody for Body {
        const VERSION: u32 = 2;

        /// Version 1 had `title` for `name`.
        fn upgrade(_: u32, mut fields: Map<String, Value>) -> Result<Map<String, Value>, serde_json::Error> {
            if let Some(name) = fields.remove("title") {
                fields.insert("name".to_owned(), name);
            }
            Ok(fields)
        }
    }

    /// A body that has a place for unknown fields itself.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Keeping {
        name: String,
        #[serde(flatten)]
        other: Map<String, Value>,
    }

    impl RecordBody for Keeping {
        const VERSION: u32 = 1;
    }

    struct File(tempfile::TempDir);

    impl File {
        fn with(content: impl AsRef<[u8]>) -> Self {
            let file = Self(tempfile::tempdir().unwrap());
            std::fs::write(file.path(), content).unwrap();
            file
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("record.json")
        }

        fn read<T: RecordBody>(&self) -> Result<Option<Record<T>>, RecordError> {
            read_record(&self.path())
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.path()).unwrap()
        }

        fn json(&self) -> Value {
            serde_json::from_str(&self.text()).unwrap()
        }
    }

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let file = File::with(r#"{"version":2,"name":"a","colour":{"deep":[1,2]}}"#);
        let mut record = file.read::<Body>().unwrap().unwrap();
        record.body.count = 7;
        write_record(&file.path(), &record).unwrap();
        let expected = json!({"version":2,"name":"a","count":7,"colour":{"deep":[1,2]}});
        assert_eq!(file.json(), expected);
    }

    #[test]
    fn a_field_is_written_once_also_when_the_body_keeps_it() {
        let file = File::with(r#"{"version":1,"name":"a","colour":1}"#);
        let record = file.read::<Keeping>().unwrap().unwrap();
        assert_eq!((record.body.other.len(), record.unknown.len()), (1, 0));
        write_record(&file.path(), &record).unwrap();
        assert_eq!(file.text().matches("colour").count(), 1);

        let file = File::with(r#"{"version":2,"name":"a","note":null}"#);
        let mut record = file.read::<Body>().unwrap().unwrap();
        record.body.note = Some("set".to_owned());
        write_record(&file.path(), &record).unwrap();
        assert_eq!(file.text().matches("note").count(), 1);
        assert_eq!(file.json()["note"], "set");
    }

    #[test]
    fn an_older_record_is_brought_up_to_date_with_its_unknown_fields() {
        let file = File::with(r#"{"version":1,"title":"a","colour":1}"#);
        let record = file.read::<Body>().unwrap().unwrap();
        assert_eq!(record.body.name, "a");
        write_record(&file.path(), &record).unwrap();
        assert_eq!(file.json(), json!({"version":2,"name":"a","count":0,"colour":1}));
    }

    #[test]
    fn a_newer_record_is_refused_even_when_its_fields_fit_nothing() {
        let error = File::with(r#"{"version":3,"name":5}"#).read::<Body>().unwrap_err();
        let is_newer = matches!(
            error,
            RecordError::Newer {
                found: 3,
                supported: 2,
                ..
            }
        );
        assert!(is_newer && !error.is_damage(), "{error}");
    }

    #[test]
    fn a_missing_record_is_none_and_a_damaged_one_an_error() {
        let nowhere = tempfile::tempdir().unwrap();
        let path = nowhere.path().join("record.json");
        assert!(read_record::<Body>(&path).unwrap().is_none());
        for damage in [
            "",
            r#"{"version":2,"#,
            r#"{"name":"a"}"#,
            r#"{"version":2,"name":5}"#,
            r#"{"version":"x"}"#,
        ] {
            let error = File::with(damage).read::<Body>().unwrap_err();
            assert!(
                matches!(error, RecordError::Parse { .. }) && error.is_damage(),
                "{damage}: {error}"
            );
        }
    }

    #[test]
    fn a_file_above_the_limit_is_not_read() {
        let file = File::with("");
        let sparse = std::fs::File::create(file.path()).unwrap();
        sparse.set_len(RECORD_LIMIT_BYTES + 1).unwrap();
        let error = file.read::<Body>().unwrap_err();
        assert!(
            matches!(error, RecordError::TooLarge { .. }) && error.is_damage(),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = File::with(bytes).read::<Body>();
        }
    }
}
