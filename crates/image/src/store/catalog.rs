//! `images.json`: which name points at what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use container_durable::{FileLock, LockMode, Record, RecordBody, RecordError, read_record, write_record};
use container_oci::{Descriptor, Digest, Reference};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::content::{ContentError, StorePaths, full_disk};

/// The longest wait for the catalog's lock. A change takes milliseconds; a process that holds the lock for longer hangs.
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
    /// Whether the name is only a place to keep what another name pointed at before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) dangling: bool,
    /// Fields of newer versions.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl RecordBody for Catalog {
    const VERSION: u32 = 1;
}

impl Catalog {
    /// Makes `reference` point at `descriptor`. All names are given by this function.
    ///
    /// A digest in the name has to be that of the descriptor; a tag beside it is not kept. What the name pointed at before stays as a dangling image, `repository@digest`, until it is pruned, unless
    /// another name points at it. An image that gets a name dangles no more.
    ///
    /// # Errors
    /// [`CatalogError::OtherDigest`] when the name has another digest; nothing is changed then.
    pub(crate) fn give_name(&mut self, reference: &Reference, descriptor: Descriptor) -> Result<(), CatalogError> {
        let digest = descriptor.digest;
        if reference.digest().is_some_and(|expected| *expected != digest) {
            return Err(CatalogError::OtherDigest {
                reference: reference.clone(),
                actual: digest,
            });
        }
        let name = kept(reference);
        self.images
            .retain(|known, entry| *known == name || !(entry.dangling && entry.descriptor.digest == digest));
        let Some(old) = self.images.insert(name, CatalogEntry::new(descriptor)) else {
            return Ok(());
        };
        let old_digest = old.descriptor.digest;
        if old_digest != digest && !self.has(&old_digest) {
            let place = reference.with_digest(old_digest);
            self.images.insert(place, CatalogEntry { dangling: true, ..old });
        }
        Ok(())
    }

    /// Keeps an image that has no name until it is pruned, as one of the repository of `place`, unless a name points at it.
    pub(crate) fn keep_nameless(&mut self, place: &Reference, descriptor: Descriptor) {
        let digest = descriptor.digest;
        if !self.has(&digest) {
            let entry = CatalogEntry {
                dangling: true,
                ..CatalogEntry::new(descriptor)
            };
            self.images.insert(place.with_digest(digest), entry);
        }
    }

    /// The names as [`Catalog::give_name`] gives them, also when another program has written the file: a name with a digest has
    /// the digest of what it points at, and no tag.
    fn with_true_names(self) -> Self {
        let mut images: BTreeMap<Reference, CatalogEntry> = BTreeMap::new();
        for (name, entry) in self.images {
            let name = match name.digest() {
                Some(_) => name.with_digest(entry.descriptor.digest),
                None => name,
            };
            // Several may come to one name; it dangles only when all of them did.
            let dangles = images.get(&name).is_none_or(|known| known.dangling);
            if dangles {
                images.insert(name, entry);
            }
        }
        Self { images }
    }

    /// Whether any name points at the digest.
    fn has(&self, digest: &Digest) -> bool {
        self.images.values().any(|entry| entry.descriptor.digest == *digest)
    }

    /// What `reference` points at, and the name under which that stands.
    ///
    /// A name with tag and digest is found under the digest alone.
    pub(crate) fn entry(&self, reference: &Reference) -> Option<(&Reference, &CatalogEntry)> {
        self.images.get_key_value(&kept(reference))
    }
}

impl CatalogEntry {
    pub(crate) fn new(descriptor: Descriptor) -> Self {
        Self {
            descriptor,
            dangling: false,
            unknown: Map::new(),
        }
    }
}

/// Why the names could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The image has no such name.
    #[error("image {:?} not found (try: container image pull {})", reference.familiar(), reference.familiar())]
    NotFound {
        /// The name asked for.
        reference: Reference,
    },
    /// The name has a digest, and what it would point at has another.
    #[error("{:?} cannot be a name of this image: its digest is {actual}", reference.familiar())]
    OtherDigest {
        /// The name, with its digest.
        reference: Reference,
        /// Digest of the image.
        actual: Digest,
    },
    /// Several images have a digest that begins so.
    #[error("{text:?} could be any of: {}; write more digits", names(candidates))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// Names of the images that it could be.
        candidates: Vec<Reference>,
    },
    /// No image has a digest that begins so, and it is no name either.
    #[error("image {text:?} not found (try: container image list)")]
    NoDigest {
        /// What was asked for.
        text: String,
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

/// The name under which an image stands in the catalog.
fn kept(reference: &Reference) -> Reference {
    match reference.digest() {
        Some(digest) => reference.with_digest(*digest),
        None => reference.clone(),
    }
}

/// Names for people, with commas between.
pub(crate) fn names(references: &[Reference]) -> String {
    let names: Vec<String> = references.iter().map(Reference::familiar).collect();
    names.join(", ")
}

/// The names as they are now. Needs no lock: the file is replaced whole.
pub(crate) fn read(paths: &StorePaths) -> Result<Catalog, CatalogError> {
    Ok(read_names(paths)?.body)
}

/// What `reference` points at (see [`Catalog::entry`]).
pub(crate) fn lookup(paths: &StorePaths, reference: &Reference) -> Result<CatalogEntry, CatalogError> {
    let catalog = read(paths)?;
    let found = catalog.entry(reference).map(|(_, entry)| entry.clone());
    found.ok_or_else(|| CatalogError::NotFound {
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
    let mut record = read_names(paths)?;
    let result = change(&mut record.body)?;
    match write_record(&path, &record) {
        Ok(()) => Ok(result),
        Err(error) => Err(full_disk(&error, &path).map_or_else(|| error.into(), CatalogError::Content)),
    }
}

fn read_names(paths: &StorePaths) -> Result<Record<Catalog>, RecordError> {
    let empty = || Record::new(Catalog::default());
    let mut record: Record<Catalog> = read_record(&paths.catalog())?.unwrap_or_else(empty);
    record.body = record.body.with_true_names();
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::media_type;

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
                        update(paths, |catalog| catalog.give_name(&name, entry(thread).descriptor)).unwrap();
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
    fn an_image_that_loses_its_last_name_dangles_until_it_gets_another() {
        let mut catalog = Catalog::default();
        let names = ["a:1", "a:2", "b:1"].map(|name| name.parse::<Reference>().unwrap());
        let image = |value| entry(value).descriptor;
        let shown = |catalog: &Catalog| -> Vec<(String, bool)> {
            let entries = catalog.images.iter();
            let short = |name: &Reference| name.familiar().split("@sha256:0").next().unwrap_or_default().to_owned();
            entries.map(|(name, entry)| (short(name), entry.dangling)).collect()
        };
        let named = |name: &str| (name.to_owned(), false);
        let dangling = |name: &str| (name.to_owned(), true);
        catalog.give_name(&names[0], image(1)).unwrap();
        catalog.give_name(&names[1], image(1)).unwrap();
        catalog.give_name(&names[0], image(2)).unwrap();
        assert_eq!(shown(&catalog), [named("a:1"), named("a:2")], "the other name has it");
        catalog.give_name(&names[1], image(2)).unwrap();
        assert_eq!(shown(&catalog), [dangling("a"), named("a:1"), named("a:2")]);
        catalog.give_name(&names[1], image(2)).unwrap();
        assert_eq!(shown(&catalog).len(), 3, "the same again changes nothing");
        catalog.give_name(&names[2], image(1)).unwrap();
        assert_eq!(shown(&catalog), [named("a:1"), named("a:2"), named("b:1")]);
    }

    #[test]
    fn a_digest_in_a_name_is_that_of_the_image_and_its_tag_is_a_remark() {
        let mut catalog = Catalog::default();
        let (right, wrong) = (Digest::Sha256([1; 32]), Digest::Sha256([2; 32]));
        let named = |text: String| text.parse::<Reference>().unwrap();
        let image = || entry(1).descriptor;
        for name in [format!("a@{wrong}"), format!("a:3@{wrong}")] {
            let error = catalog.give_name(&named(name), image()).unwrap_err();
            assert!(matches!(error, CatalogError::OtherDigest { actual, .. } if actual == right));
        }
        assert!(catalog.images.is_empty());
        catalog.give_name(&named(format!("a:3@{right}")), image()).unwrap();
        assert_eq!(
            catalog.images.keys().cloned().collect::<Vec<_>>(),
            [named(format!("a@{right}"))]
        );
        for (name, is_found) in [
            (format!("a@{right}"), true),
            (format!("a:3@{right}"), true),
            (format!("a:4@{right}"), true),
            ("a:3".to_owned(), false),
            (format!("a@{wrong}"), false),
            (format!("b@{right}"), false),
        ] {
            assert_eq!(catalog.entry(&named(name.clone())).is_some(), is_found, "{name}");
        }
    }

    #[test]
    fn names_that_say_a_wrong_digest_are_read_with_the_right_one() {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        let (right, wrong) = (Digest::Sha256([1; 32]), Digest::Sha256([2; 32]));
        let lie: Reference = format!("a@{wrong}").parse().unwrap();
        let both: Reference = format!("a:3@{right}").parse().unwrap();
        let written = Catalog {
            images: [
                (lie.clone(), entry(1)),
                (both, entry(1)),
                ("a:3".parse().unwrap(), entry(1)),
            ]
            .into(),
        };
        write_record(&paths.catalog(), &Record::new(written)).unwrap();
        let names: Vec<String> = read(&paths).unwrap().images.keys().map(Reference::familiar).collect();
        assert_eq!(names, [format!("a@{right}"), "a:3".to_owned()]);
        let error = lookup(&paths, &lie).map(|_| ()).unwrap_err();
        assert!(matches!(error, CatalogError::NotFound { .. }), "{error}");
        let error = lookup(&paths, &"b:3".parse().unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "image \"b:3\" not found (try: container image pull b:3)"
        );
    }
}
