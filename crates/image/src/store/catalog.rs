//! `images.json`: which name points at what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use container_durable::{FileLock, LockMode, Record, RecordError, read_json, write_json};
use container_oci::{Descriptor, Reference};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::content::{ContentError, StorePaths, full_disk};

/// Version of the catalog's format.
const RECORD_VERSION: u32 = 1;
/// A change of the catalog takes milliseconds; whoever holds its lock for longer hangs.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// All names.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Catalog {
    #[serde(default)]
    pub(crate) images: BTreeMap<Reference, CatalogEntry>,
}

/// What one name points at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CatalogEntry {
    /// An index or a manifest.
    pub(crate) descriptor: Descriptor,
    /// Fields of newer versions.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl CatalogEntry {
    pub(crate) fn new(descriptor: Descriptor) -> Self {
        Self {
            descriptor,
            unknown: Map::new(),
        }
    }
}

/// Why the names could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The image has no such name.
    #[error("no image {:?} here (try: container image pull {})", reference.familiar(), reference.familiar())]
    NotFound {
        /// The name asked for.
        reference: Reference,
    },
    /// The file with the names.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file or lock of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Another process hangs in a change of the names.
    #[error("another process has been changing {} for too long", path.display())]
    Busy {
        /// The file with the names.
        path: PathBuf,
    },
}

/// The names as they are now. Needs no lock: the file is replaced whole.
pub(crate) fn read(paths: &StorePaths) -> Result<Catalog, CatalogError> {
    Ok(read_record(paths)?.body)
}

/// What `reference` points at.
///
/// A name with tag and digest is also found under the digest alone: the tag is then only a remark.
pub(crate) fn lookup(paths: &StorePaths, reference: &Reference) -> Result<CatalogEntry, CatalogError> {
    let mut catalog = read(paths)?;
    let by_digest = reference.digest().map(|digest| reference.with_digest(*digest));
    catalog
        .images
        .remove(reference)
        .or_else(|| catalog.images.remove(&by_digest?))
        .ok_or_else(|| CatalogError::NotFound {
            reference: reference.clone(),
        })
}

/// Changes the names under their lock; `change` sees what is there now, and nothing is written when it fails.
pub(crate) fn update<T>(
    paths: &StorePaths,
    change: impl FnOnce(&mut Catalog) -> Result<T, CatalogError>,
) -> Result<T, CatalogError> {
    let path = paths.catalog();
    let _lock = FileLock::acquire_within(&paths.catalog_lock(), LockMode::Exclusive, LOCK_LIMIT)
        .map_err(ContentError::from)?
        .ok_or_else(|| CatalogError::Busy { path: path.clone() })?;
    let mut record = read_record(paths)?;
    let result = change(&mut record.body)?;
    match write_json(&path, &record) {
        Ok(()) => Ok(result),
        Err(error) => Err(full_disk(&error, &path).map_or_else(|| error.into(), CatalogError::Content)),
    }
}

fn read_record(paths: &StorePaths) -> Result<Record<Catalog>, RecordError> {
    let empty = || Record::new(RECORD_VERSION, Catalog::default());
    Ok(read_json(&paths.catalog(), RECORD_VERSION)?.unwrap_or_else(empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::{Digest, media_type};

    fn entry(value: u8) -> CatalogEntry {
        CatalogEntry::new(Descriptor::new(
            media_type::OCI_MANIFEST,
            Digest::Sha256([value; 32]),
            1,
        ))
    }

    #[test]
    fn concurrent_changes_all_survive() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let paths = &paths;
                scope.spawn(move || {
                    for round in 0..5 {
                        let name: Reference = format!("image-{thread}-{round}").parse().unwrap();
                        update(paths, |catalog| Ok(catalog.images.insert(name, entry(thread)))).unwrap();
                    }
                });
            }
        });
        assert_eq!(read(&paths).unwrap().images.len(), 20);
    }

    #[test]
    fn unknown_fields_survive_a_change() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        update(&paths, |catalog| {
            Ok(catalog.images.insert("a".parse().unwrap(), entry(1)))
        })
        .unwrap();
        let text = std::fs::read_to_string(paths.catalog()).unwrap();
        let text = text.replacen("\"descriptor\"", "\"pinned\": true,\n\"descriptor\"", 1);
        std::fs::write(paths.catalog(), text.replacen("{", "{\"colour\": 1,", 1)).unwrap();
        update(&paths, |catalog| {
            Ok(catalog.images.insert("b".parse().unwrap(), entry(2)))
        })
        .unwrap();
        let value: Value = serde_json::from_slice(&std::fs::read(paths.catalog()).unwrap()).unwrap();
        assert_eq!(value["colour"], 1);
        assert_eq!(value["images"]["docker.io/library/a:latest"]["pinned"], true);
    }

    #[test]
    fn a_name_with_tag_and_digest_is_found_by_its_digest() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let digest = Digest::Sha256([1; 32]);
        let name: Reference = format!("a@{digest}").parse().unwrap();
        update(&paths, |catalog| Ok(catalog.images.insert(name, entry(1)))).unwrap();
        assert!(lookup(&paths, &format!("a:3@{digest}").parse().unwrap()).is_ok());
        let error = lookup(&paths, &"a:3".parse().unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no image \"a:3\" here (try: container image pull a:3)"
        );
    }
}
