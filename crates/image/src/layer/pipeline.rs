//! One thread decompresses, one hashes, the caller's walks the tar and writes the disk.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use container_oci::{Algorithm, Digest, LayerCompression};

use super::chunk::{CHUNK_BYTES, CHUNKS, Chunk, ChunkReader};
use super::error::LayerError;
use super::inflate::decompress;
use super::turn::Ticket;
use crate::content::Hasher;

/// What a stream turned out to be.
pub(super) struct Stream<T> {
    /// What the walk returned.
    pub(super) walked: T,
    pub(super) digest: Digest,
    pub(super) uncompressed_bytes: u64,
    pub(super) compression: LayerCompression,
}

/// A stream that is larger than it may be, on its way through [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("larger than allowed")]
struct TooLarge;

/// Decompresses `source`, gives it to `walk` and hashes all of it, whatever `walk` leaves unread.
pub(super) fn run<T>(
    source: impl Read + Send,
    declared: LayerCompression,
    algorithm: Algorithm,
    limit_bytes: u64,
    ticket: Ticket,
    walk: impl FnOnce(&mut ChunkReader) -> Result<T, LayerError>,
) -> Result<Stream<T>, LayerError> {
    let (mut decompressed, compression) = decompress(source, declared, ticket)?;
    let (to_walk, walk_from) = mpsc::channel();
    let (to_hash, hash_from) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || inflate(&mut *decompressed, limit_bytes, &to_walk, &to_hash));
        let hashing = scope.spawn(move || hash(algorithm, &hash_from));
        let mut reader = ChunkReader::new(walk_from);
        let walked = walk(&mut reader).and_then(|walked| {
            reader.drain().map_err(LayerError::Read)?;
            Ok(walked)
        });
        // The threads end when the receivers of their pieces are dropped.
        drop(reader);
        let (digest, uncompressed_bytes) = match hashing.join() {
            Ok(hashed) => hashed,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let walked = walked.map_err(|error| {
            if is_too_large(&error) {
                LayerError::TooLarge { limit_bytes }
            } else {
                error
            }
        })?;
        Ok(Stream {
            walked,
            digest,
            uncompressed_bytes,
            compression,
        })
    })
}

/// Decompresses into free buffers until the stream ends or the walk is over.
fn inflate(
    source: &mut (dyn Read + Send),
    limit_bytes: u64,
    to_walk: &Sender<io::Result<Arc<Chunk>>>,
    to_hash: &Sender<Arc<Chunk>>,
) {
    let (free, free_buffers) = mpsc::channel();
    for _ in 0..CHUNKS {
        let _ = free.send(Vec::with_capacity(CHUNK_BYTES));
    }
    let mut left = limit_bytes;
    while let Ok(mut buffer) = free_buffers.recv() {
        buffer.clear();
        let filled = source.take(CHUNK_BYTES as u64).read_to_end(&mut buffer);
        let filled = filled.and_then(|length| {
            left = left
                .checked_sub(length as u64)
                .ok_or_else(|| io::Error::other(TooLarge))?;
            Ok(length)
        });
        match filled {
            Ok(0) => return,
            Ok(_) => {
                let chunk = Arc::new(Chunk::new(buffer, free.clone()));
                if to_walk.send(Ok(Arc::clone(&chunk))).is_err() || to_hash.send(chunk).is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = to_walk.send(Err(error));
                return;
            }
        }
    }
}

fn hash(algorithm: Algorithm, arriving: &Receiver<Arc<Chunk>>) -> (Digest, u64) {
    let mut hasher = Hasher::new(algorithm);
    let mut length = 0;
    for chunk in arriving {
        hasher.update(chunk.bytes());
        length += chunk.bytes().len() as u64;
    }
    (hasher.finish(), length)
}

fn is_too_large(error: &LayerError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.get_ref().is_some_and(|inner| inner.is::<TooLarge>())
        {
            return true;
        }
        cause = error.source();
    }
    false
}
