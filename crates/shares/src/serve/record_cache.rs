//! Owner records that were read from the host's files, for as long as these say that they did not change.
//!
//! Whoever sets or removes an attribute sets the file's time of change (`ctime`, inode(7)) to the kernel's clock, which nobody can set otherwise. So a record
//! is still the file's when the file has the time of change that it had before the record was read, provided that this time was over by then: within one
//! tick of the clock a file can change twice and have the same time. A file that changed shortly before its record was read is read again, and so is one whose time has no fraction of a
//! second, as on file systems that keep whole seconds, where a clock that is set back could repeat one.
//!
//! This holds for the file systems of [`keeps_times`] only; nothing is kept of files on others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use virtiofsd::fuse::Attr;

use crate::serve::record::Record;

/// How long ago a file must have changed: more than a tick of any kernel's clock (10 ms), with much to spare.
pub(crate) const SETTLED: Duration = match cfg!(test) {
    false => Duration::from_secs(2),
    // Still more than a tick, so that tests see what is kept without much waiting.
    true => Duration::from_millis(50),
};

/// Most files of which the record is kept, at some 60 bytes each. When there are more, all are read anew.
const LIMIT: usize = 32 << 10;

/// What a file had.
#[derive(Debug, Clone, Copy)]
struct Known {
    changed: (u64, u32),
    record: Record,
}

/// The records of one tree's files, by the numbers that the crate below gives their nodes, none of them twice.
#[derive(Debug, Default)]
pub(crate) struct RecordCache(Mutex<HashMap<u64, Known>>);

impl RecordCache {
    /// The record of a file that has `attributes`: the one that is known, or else what `read` finds, which is kept if `is_kept` says so. The attributes must
    /// have been read before.
    pub(crate) fn get(
        &self,
        node: u64,
        attributes: &Attr,
        read: impl FnOnce() -> Record,
        is_kept: impl FnOnce() -> bool,
    ) -> Record {
        let changed = (attributes.ctime, attributes.ctimensec);
        if let Some(known) = self.known().get(&node)
            && known.changed == changed
        {
            return known.record;
        }
        // Before the record is read: what changes from here on has a later time.
        let now = SystemTime::now();
        let record = read();
        if is_settled(changed, now) && is_kept() {
            let mut known = self.known();
            if known.len() >= LIMIT {
                known.clear();
            }
            known.insert(node, Known { changed, record });
        }
        record
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a change that is still to come would have another time.
fn is_settled((seconds, nanoseconds): (u64, u32), now: SystemTime) -> bool {
    let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
    let passed = changed.and_then(|changed| now.duration_since(changed).ok());
    nanoseconds != 0 && passed.is_some_and(|passed| passed > SETTLED)
}

/// Whether a file system, by its number of statfs(2), sets the time of change with an attribute: ext2 to ext4, XFS, Btrfs, and tmpfs, which has done so since it has
/// attributes of users (Linux 6.6).
pub(crate) fn keeps_times(kind: i64) -> bool {
    [
        libc::EXT4_SUPER_MAGIC,
        libc::XFS_SUPER_MAGIC,
        libc::BTRFS_SUPER_MAGIC,
        libc::TMPFS_MAGIC,
    ]
    .map(i64::from)
    .contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: Record = Record {
        user: Some(5),
        group: None,
        mode: None,
    };

    fn attributes(age: Duration) -> Attr {
        let changed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - age;
        Attr {
            ctime: changed.as_secs(),
            ctimensec: changed.subsec_nanos().max(1),
            ..Attr::default()
        }
    }

    fn reads(cache: &RecordCache, attributes: &Attr, is_kept: bool) -> bool {
        let mut has_read = false;
        let read = || {
            has_read = true;
            OWNED
        };
        assert_eq!(cache.get(7, attributes, read, || is_kept), OWNED);
        has_read
    }

    #[test]
    fn a_record_is_read_once_as_long_as_the_file_does_not_change() {
        let cache = RecordCache::default();
        let old = attributes(Duration::from_secs(60));
        assert!(reads(&cache, &old, true));
        assert!(!reads(&cache, &old, true));
        let mut changed = old;
        changed.ctimensec ^= 1;
        assert!(reads(&cache, &changed, true));
        assert!(reads(&cache, &old, true), "an earlier time is another one as well");
        cache.clear();
        assert!(reads(&cache, &old, true));
    }

    #[test]
    fn what_could_change_without_another_time_is_read_again() {
        let cache = RecordCache::default();
        let mut whole = attributes(Duration::from_secs(60));
        whole.ctimensec = 0;
        let mut later = attributes(Duration::ZERO);
        later.ctime += 100;
        let mut before_all_time = later;
        before_all_time.ctime = u64::MAX;
        for fresh in [attributes(Duration::ZERO), whole, later, before_all_time] {
            assert!(reads(&cache, &fresh, true));
            assert!(reads(&cache, &fresh, true), "{fresh:?}");
        }
        let old = attributes(Duration::from_secs(60));
        assert!(reads(&cache, &old, false));
        assert!(reads(&cache, &old, false));
    }

    #[test]
    fn memory_is_bounded() {
        let cache = RecordCache::default();
        let old = attributes(Duration::from_secs(60));
        for node in 0..2 * LIMIT as u64 + 1 {
            cache.get(node, &old, || OWNED, || true);
        }
        assert_eq!(cache.known().len(), 1);
    }
}
