//! The files of an archive, in the ingest area, under their names in the archive.

mod directory;
mod path;
mod stream;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};

use container_oci::{Algorithm, Digest};

use self::path::clean;
use super::layout::blob_name;
use super::{ArchiveError, LoadSource};
use crate::content::{ContentError, Ingest, Session, Staged};

/// The most members that are read: a thousand layers with their companions, many times over.
const MEMBER_LIMIT: usize = 100_000;
/// What the names of all members and the targets of all links may take.
const NAMES_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// How many links in a row are followed.
const LINK_LIMIT: usize = 8;
/// The largest index or list of images that is read.
const DOCUMENT_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// The files of an archive. Their content lives in a session's directory.
#[derive(Debug, Default)]
pub(crate) struct Members {
    files: HashMap<String, Staged>,
    links: HashMap<String, String>,
    count: usize,
    names_bytes: usize,
}

/// What reading an archive tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadEvent {
    /// So many bytes of it have been read.
    Bytes(u64),
    /// A member with an unsafe name has been passed over.
    Skipped(String),
}

/// How an archive is read.
pub(crate) struct Reading<'a> {
    pub(crate) session: &'a Session,
    /// Whether members with unsafe names are passed over instead of refused.
    pub(crate) skips_unsafe: bool,
    /// Says whether the caller still waits for the archive.
    pub(crate) on_event: &'a mut dyn FnMut(ReadEvent) -> bool,
}

impl Reading<'_> {
    /// Passes over the member when that is allowed.
    fn unsafe_member(&mut self, name: String) -> Result<(), ArchiveError> {
        if !self.skips_unsafe {
            return Err(ArchiveError::UnsafeName { name });
        }
        tell(self.on_event, ReadEvent::Skipped(name)).map_err(|source| ArchiveError::Read { source })
    }
}

/// Reports an event; fails when the caller has stopped waiting for the archive.
fn tell(on_event: &mut dyn FnMut(ReadEvent) -> bool, event: ReadEvent) -> io::Result<()> {
    match on_event(event) {
        true => Ok(()),
        false => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Reads all files of the source.
pub(super) fn read(reading: &mut Reading<'_>, source: LoadSource) -> Result<Members, ArchiveError> {
    let mut members = Members::default();
    match source {
        LoadSource::Stream(stream) => stream::read(&mut members, reading, stream)?,
        LoadSource::Path(path) if path.is_dir() => directory::read(&mut members, reading, &path)?,
        LoadSource::Path(path) => {
            let file = File::open(&path).map_err(|source| ArchiveError::Open { path, source })?;
            stream::read(&mut members, reading, file)?;
        }
    }
    Ok(members)
}

impl Members {
    /// The file called `name`, through links. A document may spell the name in another way than the archive does.
    pub(super) fn get(&self, name: &str) -> Option<&Staged> {
        let mut name = &clean(name.as_bytes(), "")?;
        for _ in 0..LINK_LIMIT {
            match self.files.get(name) {
                Some(file) => return Some(file),
                None => name = self.links.get(name)?,
            }
        }
        None
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn require(&self, name: &str) -> Result<&Staged, ArchiveError> {
        self.get(name)
            .ok_or_else(|| ArchiveError::Missing { name: name.to_owned() })
    }

    /// The bytes of a small file; one byte more than the limit when it is larger, which the document's parser refuses.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let path = self.require(name)?.path();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(DOCUMENT_LIMIT_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|source| ContentError::io("read", path, source))?;
        Ok(bytes)
    }

    /// The blob, checked against its name and `size_bytes`.
    pub(super) fn blob(&self, digest: &Digest, size_bytes: u64) -> Result<Option<&Staged>, ArchiveError> {
        let name = blob_name(digest);
        let Some(staged) = self.get(&name) else { return Ok(None) };
        let actual = staged.digest();
        // A file under the name of another algorithm has been hashed with its own.
        if actual != digest {
            let (expected, actual) = (*digest, *actual);
            return Err(ArchiveError::DigestMismatch { name, expected, actual });
        }
        if size_bytes != staged.size_bytes() {
            return Err(ArchiveError::SizeMismatch {
                name,
                expected_bytes: size_bytes,
                actual_bytes: staged.size_bytes(),
            });
        }
        Ok(Some(staged))
    }

    /// Adds a file of our own making under the name of its digest, which is returned with its size.
    pub(super) fn add(&mut self, session: &Session, bytes: &[u8]) -> Result<(Digest, u64), ArchiveError> {
        let mut ingest = Ingest::start(session, Algorithm::Sha256)?;
        ingest.write(bytes)?;
        let staged = ingest.finish();
        let added = (*staged.digest(), staged.size_bytes());
        self.files.insert(blob_name(&added.0), staged);
        Ok(added)
    }

    /// Gives the file called `name` the name of its digest as well, and returns that digest and its size.
    pub(super) fn name_by_digest(&mut self, name: &str) -> Result<(Digest, u64), ArchiveError> {
        let staged = self.require(name)?;
        let (digest, size_bytes) = (*staged.digest(), staged.size_bytes());
        let by_digest = blob_name(&digest);
        if clean(name.as_bytes(), "").as_ref() != Some(&by_digest) {
            // A file that has this name already may have other content.
            match self.files.get(&by_digest) {
                Some(other) if *other.digest() == digest => {}
                _ => {
                    self.files.remove(&by_digest);
                    // It has just been found under this name, so the name can be cleaned.
                    self.links
                        .extend(clean(name.as_bytes(), "").map(|name| (by_digest, name)));
                }
            }
        }
        Ok((digest, size_bytes))
    }

    /// Takes the blob out, to give it its name in the store.
    pub(crate) fn take(&mut self, digest: &Digest) -> Option<Staged> {
        let mut name = blob_name(digest);
        for _ in 0..LINK_LIMIT {
            match self.files.remove(&name) {
                Some(file) => return Some(file),
                None => name = self.links.get(&name)?.clone(),
            }
        }
        None
    }

    /// Counts a member that is about to be added.
    fn count(&mut self, name: &str, target: &str) -> Result<(), ArchiveError> {
        self.count += 1;
        self.names_bytes += name.len() + target.len();
        if self.count > MEMBER_LIMIT || self.names_bytes > NAMES_LIMIT_BYTES {
            return Err(ArchiveError::TooManyMembers { limit: MEMBER_LIMIT });
        }
        Ok(())
    }

    /// Hashes a file into the ingest area. A later member of the same name replaces an earlier one, as in any tar.
    fn stage(
        &mut self,
        session: &Session,
        name: String,
        content: &mut dyn Read,
        read_error: impl Fn(io::Error) -> ArchiveError,
    ) -> Result<(), ArchiveError> {
        let algorithm = if name.starts_with("blobs/sha512/") {
            Algorithm::Sha512
        } else {
            Algorithm::Sha256
        };
        self.count(&name, "")?;
        let mut ingest = Ingest::start(session, algorithm)?;
        ingest.write_from(content, read_error)?;
        self.links.remove(&name);
        self.files.insert(name, ingest.finish());
        Ok(())
    }

    fn link(&mut self, name: String, target: String) -> Result<(), ArchiveError> {
        self.count(&name, &target)?;
        self.files.remove(&name);
        self.links.insert(name, target);
        Ok(())
    }
}
