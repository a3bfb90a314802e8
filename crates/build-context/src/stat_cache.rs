//! Digests of files that were read before.

mod format;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_durable::{ReplaceError, replace};
use container_tar::Timestamp;
use container_tree::Status;

use crate::fingerprint::{Hasher, Sha256};

/// A change is sure to be seen by its time when this has passed since: the coarsest clock of a file system in use, FAT's, ticks every two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// What files on this host have in them, by what the system says of them without a look inside: path, device, inode, size, and the times of the last changes
/// of content and of status.
///
/// It is a file that may be deleted at any time, and is not read before it is asked. One that is damaged, too large or of another version counts as empty. A
/// file that changed a moment before it was read is not noted: another change within the grain of the clock would go unseen.
#[derive(Debug)]
pub struct StatCache {
    /// Where it is kept; nothing for one that is forgotten.
    path: Option<PathBuf>,
    /// Nothing before it was read.
    notes: Option<HashMap<Sha256, Note>>,
    has_news: bool,
}

/// What was noted about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    fingerprint: Sha256,
    /// When it was asked for last, in hours since 1970.
    used_hour: u32,
}

/// Why the cache could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep what is known of the build context's files")]
pub struct StoreError(#[from] ReplaceError);

impl StatCache {
    /// The cache at `path`, empty where there is none. One file serves all contexts; of two builds at once one loses its notes, and nothing else.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
            notes: None,
            has_news: false,
        }
    }

    /// A cache that is never stored.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            path: None,
            notes: Some(HashMap::new()),
            has_news: false,
        }
    }

    /// Replaces the file, if anything new was noted. What was not used for the longest time is left out where it would get too large.
    ///
    /// # Errors
    /// [`StoreError`]; the old file is then still there.
    pub fn store(&mut self) -> Result<(), StoreError> {
        let (Some(path), Some(notes), true) = (&self.path, &self.notes, self.has_news) else {
            return Ok(());
        };
        replace(path, &format::encode(notes))?;
        self.has_news = false;
        Ok(())
    }

    pub(crate) fn get(&mut self, key: &Sha256) -> Option<Sha256> {
        let hour = hour();
        let note = self.notes().get_mut(key)?;
        note.used_hour = hour;
        Some(note.fingerprint)
    }

    pub(crate) fn note(&mut self, key: Sha256, fingerprint: Sha256) {
        let note = Note {
            fingerprint,
            used_hour: hour(),
        };
        self.has_news |= self.notes().insert(key, note) != Some(note);
    }

    fn notes(&mut self) -> &mut HashMap<Sha256, Note> {
        let path = self.path.as_deref();
        self.notes
            .get_or_insert_with(|| path.and_then(format::read).unwrap_or_default())
    }
}

/// What tells a file, in the state in which it is, from all others.
pub(crate) fn key(context: &[u8], path: &[u8], status: &Status) -> Sha256 {
    let mut hasher = Hasher::new();
    hasher.bytes(context);
    hasher.bytes(path);
    let (device, inode) = status.identity;
    hasher.number(device);
    hasher.number(inode);
    hasher.number(status.size_bytes);
    for time in [status.modified, status.changed] {
        hasher.number(time.seconds.cast_unsigned());
        hasher.number(time.nanoseconds.into());
    }
    hasher.finish()
}

/// Whether a file that is read from `now` on can be told by its times from what it is after a later change.
pub(crate) fn is_settled(status: &Status, now: SystemTime) -> bool {
    let Some(latest) = now.checked_sub(SETTLED) else {
        return false;
    };
    [status.modified, status.changed]
        .into_iter()
        .all(|time| instant(time).is_some_and(|time| time < latest))
}

fn instant(time: Timestamp) -> Option<SystemTime> {
    let nanoseconds = Duration::from_nanos(time.nanoseconds.into());
    let seconds = Duration::from_secs(time.seconds.unsigned_abs());
    let whole = match time.seconds >= 0 {
        true => UNIX_EPOCH.checked_add(seconds),
        false => UNIX_EPOCH.checked_sub(seconds),
    };
    whole?.checked_add(nanoseconds)
}

fn hour() -> u32 {
    let elapsed = UNIX_EPOCH.elapsed().unwrap_or_default();
    u32::try_from(elapsed.as_secs() / 3600).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
