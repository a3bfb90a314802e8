//! The manifest of a template: what its files must be.

use std::path::Path;

use container_durable::{Record, RecordBody, RecordError, read_record, write_record};
use container_oci::Digest;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::TemplateKey;
use crate::layout::MANIFEST_FILE;
use crate::parts::Parts;

/// The format version of manifests. Templates of another one are not used but made anew.
const VERSION: u32 = 1;

/// What a template is, apart from its files.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) key: TemplateKey,
    /// Digest of the manifest of the image that it is of.
    pub(crate) image: Digest,
    /// What its agent has to be shown by who continues it.
    pub(crate) token: [u8; 32],
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) made: OffsetDateTime,
    pub(crate) files: Parts<Content>,
}

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Content {
    pub(crate) length_bytes: u64,
    /// As [`crate::content::digest`] makes it.
    pub(crate) digest: Digest,
}

/// The record: the manifest and a digest of it, because a byte that has flipped in it may leave it readable.
#[derive(Serialize, Deserialize)]
struct Body {
    manifest: Manifest,
    checksum: Digest,
}

impl RecordBody for Body {
    const VERSION: u32 = VERSION;

    fn upgrade(version: u32, _: Map<String, Value>) -> Result<Map<String, Value>, serde_json::Error> {
        Err(serde_json::Error::custom(format_args!(
            "its format version is {version}, not {VERSION}"
        )))
    }
}

/// Why a template has no manifest that says what it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// It is missing.
    #[error("it has no manifest")]
    Missing,
    /// It cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is not what was written.
    #[error("its manifest is damaged")]
    Damaged,
}

/// Reads the manifest of the template in `directory`.
pub(crate) fn read_manifest(directory: &Path) -> Result<Manifest, ManifestError> {
    let Record { body, unknown } =
        read_record::<Body>(&directory.join(MANIFEST_FILE))?.ok_or(ManifestError::Missing)?;
    let is_whole = unknown.is_empty() && checksum(&body.manifest).is_ok_and(|found| found == body.checksum);
    is_whole.then_some(body.manifest).ok_or(ManifestError::Damaged)
}

/// Writes the manifest of the template in `directory`, durably.
pub(crate) fn write_manifest(directory: &Path, manifest: Manifest) -> Result<(), RecordError> {
    let path = directory.join(MANIFEST_FILE);
    let checksum = checksum(&manifest).map_err(|source| RecordError::Encode {
        path: path.clone(),
        source,
    })?;
    write_record(&path, &Record::new(Body { manifest, checksum }))
}

fn checksum(manifest: &Manifest) -> Result<Digest, serde_json::Error> {
    Ok(Digest::Sha256(Sha256::digest(serde_json::to_vec(manifest)?).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    fn digest(byte: u8) -> Digest {
        Digest::Sha256([byte; 32])
    }

    fn manifest() -> Manifest {
        let content = |length_bytes, byte| Content {
            length_bytes,
            digest: digest(byte),
        };
        Manifest {
            key: TemplateKey::of(&[]),
            image: digest(1),
            token: [2; 32],
            made: OffsetDateTime::UNIX_EPOCH,
            files: Parts {
                memory: content(1 << 30, 3),
                state: content(4, 5),
                disk: content(1 << 36, 6),
            },
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let root = tempfile::tempdir().unwrap();
        write_manifest(root.path(), manifest()).unwrap();
        let path = root.path().join(MANIFEST_FILE);
        let whole = std::fs::read(&path).unwrap();
        assert!(read_manifest(root.path()).is_ok_and(|read| read == manifest()));
        let file = File::options().write(true).open(&path).unwrap();
        for (position, byte) in whole.iter().enumerate() {
            for bit in 0..8 {
                file.write_all_at(&[byte ^ (1 << bit)], position as u64).unwrap();
                // White space that becomes other white space changes nothing.
                let read = read_manifest(root.path());
                assert!(
                    read.is_err() || read.is_ok_and(|read| read == manifest()),
                    "{position} {bit}"
                );
            }
            file.write_all_at(&[*byte], position as u64).unwrap();
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_no_manifest() {
        let root = tempfile::tempdir().unwrap();
        write_manifest(root.path(), manifest()).unwrap();
        let path = root.path().join(MANIFEST_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        for (place, more) in [("{", "\"x\": 1,"), ("\"manifest\": {", "\"x\": 1,")] {
            std::fs::write(&path, text.replacen(place, &format!("{place}{more}"), 1)).unwrap();
            assert!(read_manifest(root.path()).is_err(), "{place}");
        }
    }
}
