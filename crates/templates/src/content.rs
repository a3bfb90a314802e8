//! The digest of a large file with holes, which reads nothing but data.
//!
//! Whether zeros are data or a hole is the file system's affair and may change while nobody writes, so it makes no difference: blocks of zeros are
//! left out, wherever they come from. The blocks of a segment are hashed one after the other, the segments by several threads, and then their digests.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Mutex;
use std::thread;

use container_durable::next_data;
use container_oci::Digest;
use sha2::{Digest as _, Sha256};

/// What is read at a time, and left out if it is zeros.
const BLOCK_BYTES: u64 = 64 * 1024;
/// What a thread does at a time: a multiple of the block.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// More threads than this do not pay, because the bytes come from the page cache or from a disk.
const THREADS_MAX: usize = 4;

/// The digest of the first `length_bytes` of a file and of that length.
///
/// # Errors
/// What the system says; a file that is shorter is an error.
pub(crate) fn digest(file: &File, length_bytes: u64) -> io::Result<Digest> {
    let starts = segments_with_data(file, length_bytes)?;
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let digests = segment_digests(file, length_bytes, &starts, threads)?;
    let mut hash = Sha256::new();
    hash.update(length_bytes.to_le_bytes());
    for (start, digest) in starts
        .iter()
        .zip(digests)
        .filter_map(|(start, digest)| Some((start, digest?)))
    {
        hash.update(start.to_le_bytes());
        hash.update(digest);
    }
    Ok(Digest::Sha256(hash.finalize().into()))
}

/// Where the segments begin that are not one hole.
fn segments_with_data(file: &File, length_bytes: u64) -> io::Result<Vec<u64>> {
    let mut starts = Vec::new();
    let mut position = 0;
    while let Some(data) = next_data(file, position, length_bytes)? {
        let first = data.start - data.start % SEGMENT_BYTES;
        starts.extend((first..data.end).step_by(usize::try_from(SEGMENT_BYTES).unwrap_or(usize::MAX)));
        // Data that begins later in the last of them is found when that is read.
        position = data.end.next_multiple_of(SEGMENT_BYTES);
    }
    Ok(starts)
}

/// The digests of the segments, in their order; `None` for one of zeros.
fn segment_digests(
    file: &File,
    length_bytes: u64,
    starts: &[u64],
    threads: usize,
) -> io::Result<Vec<Option<[u8; 32]>>> {
    let share = starts.len().div_ceil(threads.max(1)).max(1);
    let mut digests = vec![None; starts.len()];
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for (starts, digests) in starts.chunks(share).zip(digests.chunks_mut(share)) {
            let failure = &failure;
            scope.spawn(move || {
                let mut block = vec![0; BLOCK_BYTES as usize];
                for (start, digest) in starts.iter().zip(digests) {
                    let end = (start + SEGMENT_BYTES).min(length_bytes);
                    match segment_digest(file, *start, end, &mut block) {
                        Ok(of_segment) => *digest = of_segment,
                        Err(error) => {
                            if let Ok(mut failure) = failure.lock() {
                                *failure = Some(error);
                            }
                            return;
                        }
                    }
                }
            });
        }
    });
    match failure.into_inner() {
        Ok(None) => Ok(digests),
        Ok(Some(error)) => Err(error),
        Err(_) => Err(io::Error::other("a thread that reads it has ended")),
    }
}

fn segment_digest(file: &File, start: u64, end: u64, block: &mut [u8]) -> io::Result<Option<[u8; 32]>> {
    let mut hash = None;
    let mut position = start;
    while let Some(data) = next_data(file, position, end)? {
        position = data.start - data.start % BLOCK_BYTES;
        while position < data.end {
            let length = usize::try_from(BLOCK_BYTES.min(end - position)).unwrap_or(block.len());
            let bytes = block.get_mut(..length).unwrap_or_default();
            file.read_exact_at(bytes, position)?;
            if !is_zeros(bytes) {
                let hash = hash.get_or_insert_with(Sha256::new);
                hash.update(position.to_le_bytes());
                hash.update(bytes);
            }
            position += BLOCK_BYTES;
        }
    }
    Ok(hash.map(|hash| hash.finalize().into()))
}

/// Looks at runs of bytes at once, because a comparison of each would take longer than the digest of data.
fn is_zeros(bytes: &[u8]) -> bool {
    let is_run_of_zeros = |run: &[u8]| run.iter().fold(0, |all, byte| all | byte) == 0;
    bytes.chunks(4096).all(is_run_of_zeros)
}

#[cfg(test)]
mod tests;
