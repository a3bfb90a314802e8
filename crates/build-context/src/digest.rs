//! The digest of a selection.

mod contents;

use container_oci::Digest;

use crate::content_error::ContentError;
use crate::directory::Directory;
use crate::fingerprint::Hasher;
use crate::found::{Detail, Found, Part, SelectedKind};
use crate::stat_cache::StatCache;
use contents::{Contents, fingerprints};

/// Said first, so that another way of making a digest never gives one that this has given.
const FORMAT: &[u8] = b"container build context 1";

/// The digest of all that a copy of these parts can see. `context` names the context in the cache; nothing for one whose files are not worth a note.
pub(crate) fn digest(
    root: &dyn Directory,
    context: Option<&[u8]>,
    parts: &[Part],
    cache: &mut StatCache,
) -> Result<Digest, ContentError> {
    let contents = fingerprints(root, context, parts, cache)?;
    let mut hasher = Hasher::new();
    hasher.bytes(FORMAT);
    hasher.number(parts.len() as u64);
    for (number, part) in parts.iter().enumerate() {
        // Where something is copied to does not depend on the name of a directory whose content is copied.
        let (kind, name) = match part.selected.kind {
            SelectedKind::File => (b"file".as_slice(), part.selected.name.as_slice()),
            SelectedKind::DirectoryContent => (b"content".as_slice(), b"".as_slice()),
            SelectedKind::Parents => (b"parents".as_slice(), b"".as_slice()),
        };
        hasher.bytes(kind);
        hasher.bytes(name);
        hasher.number(part.entries.len() as u64);
        for (at, entry) in part.entries.iter().enumerate() {
            add(&mut hasher, entry, &contents, (number, at));
        }
    }
    Ok(Digest::Sha256(hasher.finish()))
}

fn add(hasher: &mut Hasher, entry: &Found, contents: &Contents, at: (usize, usize)) {
    hasher.bytes(&entry.path);
    // The format of a mode in stat(2): kind and permissions in one number.
    hasher.number(u64::from(entry.status.kind.as_raw_mode()) | u64::from(entry.mode()));
    match &entry.detail {
        Detail::Directory { xattrs } => hasher.xattrs(xattrs),
        Detail::Symlink { target } => hasher.bytes(target),
        Detail::File => hasher.bytes(contents.get(&at).map_or(&[], |fingerprint| fingerprint.as_slice())),
        Detail::Special => {
            hasher.number(entry.status.device.major.into());
            hasher.number(entry.status.device.minor.into());
        }
    }
}
