//! Blobs of the store, checked while they are read.

use std::fs::File;
use std::io::{self, Read};

use container_oci::Descriptor;

use super::{Watch, WriteFailure};
use crate::content::{ContentError, Hasher, StorePaths, open_blob};

/// Reads a blob. The read that would tell the end of it fails when it was not the blob it should be.
pub(super) struct StoredBlob {
    file: File,
    expected: Descriptor,
    hasher: Option<Hasher>,
    read_bytes: u64,
    watch: Watch,
}

impl StoredBlob {
    pub(super) fn open(paths: &StorePaths, descriptor: &Descriptor, watch: &Watch) -> Result<Self, ContentError> {
        Ok(Self {
            file: open_blob(paths, &descriptor.digest)?,
            expected: descriptor.clone(),
            hasher: Some(Hasher::new(descriptor.digest.algorithm())),
            read_bytes: 0,
            watch: watch.clone(),
        })
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, ContentError> {
        self.watch.check()?;
        let count = loop {
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(ContentError::ReadBlob {
                        digest: self.expected.digest,
                        source,
                    });
                }
                Ok(count) => break count,
            }
        };
        self.read_bytes += count as u64;
        self.watch.add(count);
        let expected_bytes = self.expected.size_bytes;
        if self.read_bytes > expected_bytes || (count == 0 && !buffer.is_empty() && self.read_bytes < expected_bytes) {
            return Err(ContentError::SizeMismatch {
                digest: self.expected.digest,
                expected_bytes,
                actual_bytes: self.read_bytes,
            });
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..count]);
        }
        // The digest is checked with the last byte, because a decompressor need not read beyond it.
        if self.read_bytes == expected_bytes
            && let Some(hasher) = self.hasher.take()
        {
            let (expected, actual) = (self.expected.digest, hasher.finish());
            if expected != actual {
                return Err(ContentError::DigestMismatch { expected, actual });
            }
        }
        Ok(count)
    }
}

impl Read for StoredBlob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next(buffer).map_err(io::Error::other)
    }
}

/// What went wrong with the content, from under the [`io::Error`] that it travelled in.
pub(super) fn failure(error: io::Error) -> WriteFailure {
    match error.downcast::<ContentError>() {
        Ok(error) => WriteFailure::Content(error),
        Err(error) => WriteFailure::Unpack(error),
    }
}
