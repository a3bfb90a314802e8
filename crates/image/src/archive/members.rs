//! The files of an archive, in the ingest area, under their names in the archive.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use container_oci::{Algorithm, Digest};

use super::compression::unpacked;
use super::layout::blob_name;
use super::{ArchiveError, LoadSource};
use crate::content::{ContentError, Ingest, Session, Staged};

/// The most members that are read: a thousand layers with their companions, many times over.
const MEMBER_LIMIT: usize = 100_000;
/// How many links in a row are followed.
const LINK_LIMIT: usize = 8;
/// The largest index or list of images that is read.
const DOCUMENT_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// The files of an archive. Their content lives in a session's directory.
#[derive(Debug, Default)]
pub(crate) struct Members {
    files: HashMap<String, Staged>,
    links: HashMap<String, String>,
}

impl Members {
    /// The file called `name`, through links.
    pub(super) fn get(&self, name: &str) -> Option<&Staged> {
        let mut name = name;
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
    pub(super) fn blob(&self, digest: &Digest, size_bytes: Option<u64>) -> Result<Option<&Staged>, ArchiveError> {
        let name = blob_name(digest);
        let Some(staged) = self.get(&name) else { return Ok(None) };
        if staged.digest() != digest {
            return Err(ArchiveError::DigestMismatch {
                name,
                expected: *digest,
                actual: *staged.digest(),
            });
        }
        match size_bytes {
            Some(expected_bytes) if expected_bytes != staged.size_bytes() => Err(ArchiveError::SizeMismatch {
                name,
                expected_bytes,
                actual_bytes: staged.size_bytes(),
            }),
            _ => Ok(Some(staged)),
        }
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
        if by_digest != name && !self.files.contains_key(&by_digest) {
            self.links.insert(by_digest, name.to_owned());
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
}

/// Reads all files of the source.
pub(super) fn read(
    session: &Session,
    source: LoadSource,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<Members, ArchiveError> {
    let mut members = Members::default();
    match source {
        LoadSource::Stream(stream) => members.read_tar(session, stream, on_bytes)?,
        LoadSource::Path(path) => {
            let open_error = |source| ArchiveError::Open {
                path: path.clone(),
                source,
            };
            if path.is_dir() {
                members.read_dir(session, &path, "")?;
            } else {
                members.read_tar(session, File::open(&path).map_err(open_error)?, on_bytes)?;
            }
        }
    }
    Ok(members)
}

impl Members {
    fn read_tar(
        &mut self,
        session: &Session,
        stream: impl Read,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<(), ArchiveError> {
        let read_error = |source| ArchiveError::Read { source };
        let counted = Counted {
            stream,
            read_bytes: 0,
            on_bytes,
        };
        let mut archive = tar::Archive::new(unpacked(counted).map_err(read_error)?);
        for (count, entry) in archive.entries().map_err(read_error)?.enumerate() {
            let mut entry = entry.map_err(read_error)?;
            if count >= MEMBER_LIMIT {
                return Err(ArchiveError::TooManyMembers { limit: MEMBER_LIMIT });
            }
            let name = clean(&entry.path_bytes(), "")?;
            let kind = entry.header().entry_type();
            if kind.is_file() {
                self.stage(session, name, &mut entry, read_error)?;
            } else if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                // A symbolic link is relative to its own directory, a hard link to the root of the archive.
                let base = if kind.is_symlink() {
                    name.rsplit_once('/').map_or("", |(parent, _)| parent)
                } else {
                    ""
                };
                let target = clean(&target, base)?;
                self.links.insert(name, target);
            }
        }
        Ok(())
    }

    /// The two levels of a layout directory; symbolic links in it are the user's own and are followed.
    fn read_dir(&mut self, session: &Session, dir: &Path, prefix: &str) -> Result<(), ArchiveError> {
        let open_error = |source| ArchiveError::Open {
            path: dir.to_owned(),
            source,
        };
        for entry in std::fs::read_dir(dir).map_err(open_error)? {
            let entry = entry.map_err(open_error)?;
            let Some(file_name) = entry.file_name().to_str().map(ToOwned::to_owned) else {
                continue;
            };
            let (path, name) = (entry.path(), format!("{prefix}{file_name}"));
            if path.is_dir() {
                if name == "blobs" || prefix == "blobs/" {
                    self.read_dir(session, &path, &format!("{name}/"))?;
                }
                continue;
            }
            let member_error = |source| ArchiveError::Open {
                path: path.clone(),
                source,
            };
            let mut file = File::open(&path).map_err(member_error)?;
            self.stage(session, name, &mut file, member_error)?;
        }
        Ok(())
    }

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
        let mut ingest = Ingest::start(session, algorithm)?;
        ingest.write_from(content, read_error)?;
        self.files.insert(name, ingest.finish());
        Ok(())
    }
}

/// The name of a member as `a/b/c`, relative to `base`; refuses what leaves the archive.
fn clean(name: &[u8], base: &str) -> Result<String, ArchiveError> {
    let error = || ArchiveError::UnsafeName {
        name: String::from_utf8_lossy(name).into_owned(),
    };
    let text = std::str::from_utf8(name).map_err(|_| error())?;
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(error)?),
            Component::CurDir => {}
            // Only a link may climb, and not above the root.
            Component::ParentDir if !base.is_empty() && parts.pop().is_some() => {}
            _ => return Err(error()),
        }
    }
    Ok(parts.join("/"))
}

struct Counted<'a, R> {
    stream: R,
    read_bytes: u64,
    on_bytes: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.read_bytes += count as u64;
        (self.on_bytes)(self.read_bytes);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_cannot_leave_the_archive() {
        assert_eq!(clean(b"./a//b/./c", "").unwrap(), "a/b/c");
        assert_eq!(clean(b"../x/layer.tar", "y").unwrap(), "x/layer.tar");
        for (name, base) in [
            ("/etc/passwd", ""),
            ("../x", ""),
            ("a/../../x", ""),
            ("../../x", "y"),
            ("/x", "y"),
        ] {
            assert!(clean(name.as_bytes(), base).is_err(), "{name}");
        }
        assert!(clean(b"\xff", "").is_err());
    }

    proptest! {
        #[test]
        fn cleaned_names_have_no_dots(name in "[a-z./]{0,30}", base in "[a-z]{0,3}(/[a-z]{1,3})?") {
            if let Ok(clean) = clean(name.as_bytes(), &base) {
                let harmless = clean.split('/').all(|part| part != ".." && part != ".");
                prop_assert!(harmless && !clean.starts_with('/'), "{}", clean);
            }
        }
    }
}
