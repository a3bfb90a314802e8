//! Bytes on their way into the store: written and hashed in one pass, named only when they are right.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use container_durable::{sync_data_in_order, sync_dir};
use container_oci::{Algorithm, Digest};

use super::follow::{Follower, Growth};
use super::{ContentError, Hasher, Session, StorePaths};

/// How much is copied at a time.
const COPY_BYTES: usize = 256 * 1024;

/// A blob being written. Dropping it gives it up; followers then fail.
pub(crate) struct Ingest {
    file: File,
    path: PathBuf,
    hasher: Hasher,
    size_bytes: u64,
    /// Bytes that an earlier attempt has left in the file, behind those that have been hashed.
    unhashed_bytes: u64,
    growth: GrowthEnd,
}

/// Tells the followers when the writer is dropped before its end.
struct GrowthEnd(Arc<Growth>);

impl Drop for GrowthEnd {
    fn drop(&mut self) {
        self.0.end(false);
    }
}

/// A blob that is completely written and hashed, but has no name yet.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    digest: Digest,
    size_bytes: u64,
}

impl Ingest {
    pub(crate) fn start(session: &Session, algorithm: Algorithm) -> Result<Self, ContentError> {
        let path = session.file()?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| ContentError::io("create", &path, source))?;
        Ok(Self {
            file,
            path,
            hasher: Hasher::new(algorithm),
            size_bytes: 0,
            unhashed_bytes: 0,
            growth: GrowthEnd(Arc::default()),
        })
    }

    /// Goes on with what earlier attempts have left of the blob, if anything; [`Ingest::catch_up`] has to come first.
    ///
    /// The caller holds the blob's lock. The file stays when this is dropped, for the next attempt.
    pub(crate) fn resume(paths: &StorePaths, digest: &Digest, expected_bytes: u64) -> Result<Self, ContentError> {
        let path = paths.partial(digest);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let found = opened.and_then(|file| {
            let found_bytes = file.metadata()?.len();
            if found_bytes <= expected_bytes {
                return Ok((file, found_bytes));
            }
            file.set_len(0)?;
            Ok((file, 0))
        });
        let (file, unhashed_bytes) = found.map_err(|source| ContentError::io("open", &path, source))?;
        Ok(Self {
            file,
            path,
            hasher: Hasher::new(digest.algorithm()),
            size_bytes: 0,
            unhashed_bytes,
            growth: GrowthEnd(Arc::default()),
        })
    }

    /// Bytes that are here, hashed or not: where to go on.
    pub(crate) fn present_bytes(&self) -> u64 {
        self.size_bytes + self.unhashed_bytes
    }

    /// Hashes what earlier attempts have left, in which followers read meanwhile. Stops early when `is_given_up` says so.
    pub(crate) fn catch_up(&mut self, is_given_up: impl Fn() -> bool) -> Result<(), ContentError> {
        let mut buffer = vec![0; COPY_BYTES];
        while self.unhashed_bytes > 0 && !is_given_up() {
            let wanted = usize::try_from(self.unhashed_bytes)
                .unwrap_or(COPY_BYTES)
                .min(COPY_BYTES);
            let read = self.file.read_exact(&mut buffer[..wanted]);
            read.map_err(|source| ContentError::io("read", &self.path, source))?;
            self.unhashed_bytes -= wanted as u64;
            self.took(&buffer[..wanted]);
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        self.file
            .write_all(bytes)
            .map_err(|source| ContentError::io("write", &self.path, source))?;
        self.took(bytes);
        Ok(())
    }

    fn took(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.growth.0.advance(self.size_bytes);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies all of `reader`; a failure to read is given to `read_error`.
    pub(crate) fn write_from<E: From<ContentError>>(
        &mut self,
        reader: &mut dyn Read,
        read_error: impl Fn(io::Error) -> E,
    ) -> Result<(), E> {
        let mut buffer = vec![0; COPY_BYTES];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => self.write(&buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(error)),
            }
        }
    }

    /// A reader that sees the bytes as they arrive and ends when the blob has proven right.
    pub(crate) fn follow(&self) -> Result<Follower, ContentError> {
        let file = File::open(&self.path).map_err(|source| ContentError::io("open", &self.path, source))?;
        Ok(Follower::new(file, Arc::clone(&self.growth.0)))
    }

    /// Ends the blob; there is no expected digest to compare with.
    pub(crate) fn finish(self) -> Staged {
        let digest = self.hasher.finish();
        self.growth.0.end(true);
        Staged {
            path: self.path,
            digest,
            size_bytes: self.size_bytes,
        }
    }

    /// Ends the blob and checks that it is the one asked for.
    pub(crate) fn finish_as(self, expected: &Digest, expected_bytes: u64) -> Result<Staged, ContentError> {
        let actual = self.hasher.finish();
        if self.size_bytes != expected_bytes {
            let (expected_bytes, actual_bytes) = (expected_bytes, self.size_bytes);
            return Err(ContentError::SizeMismatch {
                digest: *expected,
                expected_bytes,
                actual_bytes,
            });
        }
        if actual != *expected {
            return Err(ContentError::DigestMismatch {
                expected: *expected,
                actual,
            });
        }
        self.growth.0.end(true);
        Ok(Staged {
            path: self.path,
            digest: actual,
            size_bytes: self.size_bytes,
        })
    }
}

impl Staged {
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the blob its name, durably. Two processes may do so with the same blob at once: the bytes are the same.
    pub(crate) fn commit(self, paths: &StorePaths) -> Result<(), ContentError> {
        let name = paths.blob(&self.digest);
        let io_error = |action| move |source| (action, source);
        OpenOptions::new()
            .write(true)
            .open(&self.path)
            .map_err(io_error("open"))
            .and_then(|file| sync_data_in_order(&file).map_err(io_error("sync")))
            .and_then(|()| std::fs::rename(&self.path, &name).map_err(io_error("rename")))
            .map_err(|(action, source)| ContentError::io(action, &name, source))?;
        sync_dir(&paths.blob_dir(self.digest.algorithm()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{has_blob, read_blob};

    fn store() -> (tempfile::TempDir, StorePaths) {
        let root = tempfile::tempdir().unwrap();
        let paths = StorePaths::create(root.path()).unwrap();
        (root, paths)
    }

    #[test]
    fn a_right_blob_gets_its_name() {
        let (_root, paths) = store();
        let session = Session::start(&paths).unwrap();
        let digest = Hasher::of(Algorithm::Sha256, b"hello");
        let mut ingest = Ingest::start(&session, Algorithm::Sha256).unwrap();
        ingest.write(b"hel").unwrap();
        ingest.write(b"lo").unwrap();
        ingest.finish_as(&digest, 5).unwrap().commit(&paths).unwrap();
        assert_eq!(read_blob(&paths, &digest, 100).unwrap(), b"hello");
    }

    #[test]
    fn a_wrong_blob_never_does() {
        let (_root, paths) = store();
        let session = Session::start(&paths).unwrap();
        let digest = Hasher::of(Algorithm::Sha256, b"hello");
        let mut ingest = Ingest::start(&session, Algorithm::Sha256).unwrap();
        ingest.write(b"hullo").unwrap();
        let error = ingest.finish_as(&digest, 5).unwrap_err();
        assert!(error.to_string().contains(&digest.to_string()), "{error}");
        assert!(!has_blob(&paths, &digest));
    }

    #[test]
    fn a_follower_reads_behind_the_writer_and_fails_with_it() {
        let (_root, paths) = store();
        let session = Session::start(&paths).unwrap();
        let mut ingest = Ingest::start(&session, Algorithm::Sha256).unwrap();
        let mut follower = ingest.follow().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            follower.read_to_string(&mut text).map(|_| text)
        });
        ingest.write(b"one ").unwrap();
        ingest.write(b"two").unwrap();
        let digest = Hasher::of(Algorithm::Sha256, b"one two");
        ingest.finish_as(&digest, 7).unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), "one two");

        let mut abandoned = Ingest::start(&session, Algorithm::Sha256).unwrap();
        abandoned.write(b"half").unwrap();
        let mut follower = abandoned.follow().unwrap();
        drop(abandoned);
        assert!(follower.read_to_end(&mut Vec::new()).is_err());
    }
}
