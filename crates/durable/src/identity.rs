//! What tells that a file is still the one that was looked at.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// How exact the times of files are at the least: Linux writes the time of the last tick of its clock, of which there are a hundred in a second or more.
pub const CHANGE_TIME_TICK: Duration = Duration::from_millis(20);

/// As much of stat(2) as changes whenever somebody writes to a file, shortens it or puts another one in its place. Its text is for keys: no two
/// identities have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    length_bytes: u64,
    modified_s: i64,
    modified_ns: i64,
    changed_s: i64,
    changed_ns: i64,
}

impl FileIdentity {
    /// That of a file whose metadata are `file`.
    #[must_use]
    pub fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            length_bytes: file.len(),
            modified_s: file.mtime(),
            modified_ns: file.mtime_nsec(),
            changed_s: file.ctime(),
            changed_ns: file.ctime_nsec(),
        }
    }

    /// The length of the file, in bytes.
    #[must_use]
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Whether the last change is so long ago that another one from now on would have another time.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let nanoseconds = |s: i64, ns: i64| i128::from(s) * 1_000_000_000 + i128::from(ns);
        let changed = nanoseconds(self.changed_s, self.changed_ns);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.is_ok_and(|now| {
            i128::try_from(now.as_nanos()).is_ok_and(|now| now >= changed + CHANGE_TIME_TICK.as_nanos() as i128)
        })
    }
}

impl fmt::Display for FileIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} {} {}.{:09} {}.{:09}",
            self.device,
            self.inode,
            self.length_bytes,
            self.modified_s,
            self.modified_ns,
            self.changed_s,
            self.changed_ns
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_just_now_may_be_changed_again_unseen() {
        let file = tempfile::tempfile().unwrap();
        let mut identity = FileIdentity::of(&file.metadata().unwrap());
        identity.changed_s += 3600;
        assert!(!identity.is_settled(), "the clock was set back");
        identity.changed_s -= 7200;
        assert!(identity.is_settled());
    }
}
