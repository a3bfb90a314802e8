//! What all files of a selection have in them.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use crate::content_error::ContentError;
use crate::cursor::Cursor;
use crate::directory::Directory;
use crate::fingerprint::{Sha256, fingerprint};
use crate::found::{Found, Part};
use crate::stat_cache::{StatCache, is_settled, key};

/// More threads than this only wait for the same disk.
const MAX_THREADS: usize = 8;
/// Bytes read at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// As many files, with as many bytes together, are read faster than they are looked up in a large cache.
const FEW_FILES: usize = 32;
const FEW_BYTES: u64 = 1 << 20;

/// Fingerprints by the number of the part and that of the entry in it.
pub(super) type Contents = HashMap<(usize, usize), Sha256>;

/// A file that has to be read.
struct Job<'a> {
    at: (usize, usize),
    path: Vec<u8>,
    entry: &'a Found,
    /// Under which it is noted.
    key: Option<Sha256>,
}

pub(super) fn fingerprints(
    root: &dyn Directory,
    context: Option<&[u8]>,
    parts: &[Part],
    cache: &mut StatCache,
) -> Result<Contents, ContentError> {
    let mut jobs: Vec<Job<'_>> = parts.iter().enumerate().flat_map(jobs_of).collect();
    let mut contents = HashMap::with_capacity(jobs.len());
    let bytes = jobs
        .iter()
        .fold(0_u64, |sum, job| sum.saturating_add(job.entry.status.size_bytes));
    if let Some(context) = context.filter(|_| jobs.len() > FEW_FILES || bytes > FEW_BYTES) {
        jobs.retain_mut(|job| {
            let key = key(context, &job.path, &job.entry.status);
            let known = cache.get(&key);
            contents.extend(known.map(|fingerprint| (job.at, fingerprint)));
            job.key = Some(key);
            known.is_none()
        });
    }
    let now = SystemTime::now();
    for (job, fingerprint) in jobs.iter().zip(read_all(root, &jobs)?) {
        contents.insert(job.at, fingerprint);
        if let Some(key) = job.key.filter(|_| is_settled(&job.entry.status, now)) {
            cache.note(key, fingerprint);
        }
    }
    Ok(contents)
}

fn jobs_of((number, part): (usize, &Part)) -> impl Iterator<Item = Job<'_>> {
    let files = part.entries.iter().enumerate().filter(|(_, entry)| entry.is_file());
    files.map(move |(at, entry)| Job {
        at: (number, at),
        path: part.place(entry),
        entry,
        key: None,
    })
}

/// Reads all files, several at a time. Of several that cannot be read the first one is the error.
fn read_all(root: &dyn Directory, jobs: &[Job<'_>]) -> Result<Vec<Sha256>, ContentError> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(MAX_THREADS).min(jobs.len().div_ceil(FEW_FILES));
    let next = AtomicUsize::new(0);
    let mut read: Vec<(usize, Result<Sha256, ContentError>)> = thread::scope(|scope| {
        // This thread works too; one that cannot be had is not needed.
        let spawn = |_| {
            thread::Builder::new()
                .spawn_scoped(scope, || work(root, jobs, &next))
                .ok()
        };
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut read = work(root, jobs, &next);
        for other in others {
            match other.join() {
                Ok(more) => read.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        read
    });
    read.sort_unstable_by_key(|(at, _)| *at);
    read.into_iter().map(|(_, fingerprint)| fingerprint).collect()
}

/// Reads files until there are none left, or one cannot be read.
fn work(root: &dyn Directory, jobs: &[Job<'_>], next: &AtomicUsize) -> Vec<(usize, Result<Sha256, ContentError>)> {
    let mut cursor = Cursor::new(root);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut read = Vec::new();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(at) else {
            return read;
        };
        let fingerprint = read_one(&mut cursor, job, &mut buffer)
            .map_err(|error| ContentError::of(&job.path, error))
            .and_then(|found| found.ok_or_else(|| ContentError::Changed { path: job.path.clone() }));
        if fingerprint.is_err() {
            // The others end too: all files before this one are being read already.
            next.fetch_max(jobs.len(), Ordering::Relaxed);
        }
        read.push((at, fingerprint));
    }
}

/// Nothing for a file that is not as it was.
fn read_one(cursor: &mut Cursor<'_>, job: &Job<'_>, buffer: &mut [u8]) -> io::Result<Option<Sha256>> {
    let content = cursor.open(&job.path)?;
    if !content.is_still(&job.entry.status)? {
        return Ok(None);
    }
    let found = fingerprint(&content, buffer)?;
    Ok(found.filter(|_| content.is_still(&job.entry.status).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
