//! Which image a user means by a name, a digest or the beginning of one.

use std::collections::BTreeSet;

use container_oci::{Digest, Listed, Reference};

use super::catalog::Catalog;
use super::variant::{read_document, read_manifest, read_tree};
use super::{CatalogError, ImageStore, catalog};
use crate::content::StorePaths;

/// The fewest hexadecimal digits that stand for a digest.
const DIGITS_MIN: usize = 6;
/// The most: those of SHA-512.
const DIGITS_MAX: usize = 128;

/// An image as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// What was written.
    pub text: String,
    /// The name that it is, if it is one.
    pub name: Option<Reference>,
}

/// What a query means.
pub(super) enum Meaning {
    /// This name.
    Name(Reference),
    /// The image with all its names, the first in order first; at least one.
    Image(Vec<Reference>),
}

impl From<&str> for ImageQuery {
    /// A query whose names are completed as Docker does.
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            name: text.parse().ok(),
        }
    }
}

impl ImageStore {
    /// The name of the image that is meant: the name itself if there is one such; for a name with a digest another one of the
    /// same repository that points at it; else that of the only image of which index, manifest or configuration has a digest
    /// that is `text` or begins with it (`sha256:…`, or at least six hexadecimal digits).
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] and [`CatalogError::NoDigest`]; [`CatalogError::Ambiguous`] with the names of the images that
    /// it could be.
    pub fn find(&self, query: &ImageQuery) -> Result<Reference, CatalogError> {
        let catalog = catalog::read(&self.paths)?;
        match meaning(&self.paths, &catalog, query)? {
            Meaning::Name(name) => Ok(name),
            Meaning::Image(names) => names.into_iter().next().ok_or_else(|| not_found(query)),
        }
    }
}

/// What the query means among the names of `catalog`.
pub(super) fn meaning(paths: &StorePaths, catalog: &Catalog, query: &ImageQuery) -> Result<Meaning, CatalogError> {
    if let Some((name, _)) = query.name.as_ref().and_then(|name| catalog.entry(name)) {
        return Ok(Meaning::Name(name.clone()));
    }
    let same = query
        .name
        .as_ref()
        .map_or_else(Vec::new, |name| same_image(catalog, name));
    if !same.is_empty() {
        return Ok(Meaning::Image(same));
    }
    let beginning = Beginning::of(&query.text).ok_or_else(|| not_found(query))?;
    let (mut digests, mut names) = (BTreeSet::new(), Vec::new());
    for (name, entry) in &catalog.images {
        let is_meant = beginning.begins(&entry.descriptor.digest) || {
            let parts = parts(paths, entry);
            parts.iter().any(|digest| beginning.begins(digest))
        };
        if is_meant {
            digests.insert(entry.descriptor.digest);
            names.push(name.clone());
        }
    }
    match digests.len() {
        0 => Err(not_found(query)),
        1 => Ok(Meaning::Image(names)),
        _ => Err(CatalogError::Ambiguous {
            text: query.text.clone(),
            candidates: names,
        }),
    }
}

/// The names in the same repository that point at the digest of `name`. An image within an index is another one: its digest says
/// which platform is meant, and no name does.
fn same_image(catalog: &Catalog, name: &Reference) -> Vec<Reference> {
    let is_same = |known: &Reference, digest: &Digest| {
        known.registry() == name.registry() && known.repository() == name.repository() && name.digest() == Some(digest)
    };
    let all = catalog.images.iter();
    all.filter(|(known, entry)| is_same(known, &entry.descriptor.digest))
        .map(|(known, _)| known.clone())
        .collect()
}

pub(super) fn not_found(query: &ImageQuery) -> CatalogError {
    match &query.name {
        Some(reference) if Beginning::of(&query.text).is_none() => CatalogError::NotFound {
            reference: reference.clone(),
        },
        _ => CatalogError::NoDigest {
            text: query.text.clone(),
        },
    }
}

/// The digests of the manifests and configurations behind a name, as far as they can be read.
fn parts(paths: &StorePaths, entry: &catalog::CatalogEntry) -> Vec<Digest> {
    let root = &entry.descriptor;
    let document = read_document(paths, &root.digest, Some(&root.media_type));
    let Ok(tree) = document.and_then(|document| read_tree(paths, root, &document)) else {
        return Vec::new();
    };
    let of_image = |image: &Listed| {
        let manifest = read_manifest(paths, &image.descriptor).ok();
        [
            Some(image.descriptor.digest),
            manifest.map(|manifest| manifest.config.digest),
        ]
    };
    tree.images().flat_map(of_image).flatten().collect()
}

/// The beginning of a digest.
struct Beginning<'a> {
    algorithm: Option<&'a str>,
    digits: &'a str,
}

impl<'a> Beginning<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (algorithm, digits) = match text.split_once(':') {
            Some((algorithm @ ("sha256" | "sha512"), digits)) => (Some(algorithm), digits),
            Some(_) => return None,
            None => (None, text),
        };
        let is_hex = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let is_beginning = is_hex && (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len());
        is_beginning.then_some(Self { algorithm, digits })
    }

    fn begins(&self, digest: &Digest) -> bool {
        self.algorithm.is_none_or(|name| digest.algorithm().name() == name) && digest.hex().starts_with(self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_enough_digits_are_the_beginning_of_a_digest() {
        for text in ["abcdef", "sha256:0123456", "0123456789ab", "sha512:abcdef"] {
            assert!(Beginning::of(text).is_some(), "{text}");
        }
        for text in [
            "abcde",
            "alpine",
            "ABCDEF",
            "sha256:",
            "md5:abcdef",
            "abcdef:1",
            "sha256:abcdefg",
        ] {
            assert!(Beginning::of(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            let _ = Beginning::of(&text);
        }

        #[test]
        fn every_digest_is_found_by_its_beginning(value: [u8; 32], digits in 6usize..=64) {
            let digest = Digest::Sha256(value);
            prop_assert!(Beginning::of(&digest.hex()[..digits]).unwrap().begins(&digest));
        }
    }
}
