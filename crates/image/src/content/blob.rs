//! Complete blobs: those that have their name.

use std::fs::File;
use std::io::{self, Read};

use container_oci::Digest;

use super::{ContentError, StorePaths};

/// Whether the blob is in the store.
pub(crate) fn has_blob(paths: &StorePaths, digest: &Digest) -> bool {
    paths.blob(digest).is_file()
}

/// The blob, open for reading.
pub(crate) fn open_blob(paths: &StorePaths, digest: &Digest) -> Result<File, ContentError> {
    let path = paths.blob(digest);
    File::open(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ContentError::MissingBlob { digest: *digest },
        _ => ContentError::io("read", &path, source),
    })
}

/// The whole blob, at most one byte more than `limit_bytes`, which the parser of the document then refuses.
///
/// The digest is not computed again: it was when the blob got its name.
pub(crate) fn read_blob(paths: &StorePaths, digest: &Digest, limit_bytes: u64) -> Result<Vec<u8>, ContentError> {
    let mut bytes = Vec::new();
    open_blob(paths, digest)?
        .take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| ContentError::io("read", &paths.blob(digest), source))?;
    Ok(bytes)
}
