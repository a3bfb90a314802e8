//! What goes when all is to take no more than so many bytes.

use std::time::SystemTime;

/// Something that is kept for later builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// When it was used last.
    pub last_used: SystemTime,
    /// When it was made, in seconds since 1970.
    pub created_unix_seconds: i64,
    /// What it takes on the disk.
    pub size_bytes: u64,
}

/// The `entries` to take away so that the rest takes at most `keep_bytes`: those that were used last are kept, and of those that one build has used together those
/// that were made first, since the others build on them.
#[must_use]
pub fn least_recently_used<T>(mut entries: Vec<T>, keep_bytes: u64, of: impl Fn(&T) -> Kept) -> Vec<T> {
    entries.sort_by_key(|entry| {
        let kept = of(entry);
        (std::cmp::Reverse(kept.last_used), kept.created_unix_seconds)
    });
    let mut left_bytes = Some(keep_bytes);
    // What is older goes as well where something does not fit, even if it would fit itself.
    entries.retain(|entry| {
        left_bytes = left_bytes.and_then(|left| left.checked_sub(of(entry).size_bytes));
        left_bytes.is_none()
    });
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn kept(used: u64, created_unix_seconds: i64, size_bytes: u64) -> Kept {
        Kept {
            last_used: SystemTime::UNIX_EPOCH + Duration::from_secs(used),
            created_unix_seconds,
            size_bytes,
        }
    }

    fn gone(entries: &[(&'static str, Kept)], keep_bytes: u64) -> Vec<&'static str> {
        let gone = least_recently_used(entries.to_vec(), keep_bytes, |(_, kept)| *kept);
        let mut names: Vec<&str> = gone.into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_was_used_last_is_kept() {
        let entries = [
            ("old", kept(1, 0, 10)),
            ("middle", kept(2, 0, 10)),
            ("new", kept(3, 0, 10)),
        ];
        assert_eq!(gone(&entries, 30), Vec::<&str>::new());
        assert_eq!(gone(&entries, 29), ["old"]);
        assert_eq!(gone(&entries, 15), ["middle", "old"]);
        assert_eq!(gone(&entries, 0), ["middle", "new", "old"]);
    }

    #[test]
    fn what_others_build_on_is_kept_longer_than_they_are() {
        let entries = [
            ("second", kept(5, 20, 10)),
            ("first", kept(5, 10, 10)),
            ("third", kept(5, 30, 10)),
        ];
        assert_eq!(gone(&entries, 20), ["third"]);
        assert_eq!(gone(&entries, 10), ["second", "third"]);
    }

    #[test]
    fn an_older_one_does_not_stay_where_a_newer_one_goes() {
        let entries = [("new and large", kept(3, 0, 100)), ("old and small", kept(1, 0, 1))];
        assert_eq!(gone(&entries, 50).len(), 2);
    }

    proptest! {
        #[test]
        fn the_rest_is_never_more_than_allowed(
            entries in proptest::collection::vec((0..9_u64, 0..9_i64, 0..u64::MAX / 64), 0..30),
            keep_bytes: u64,
        ) {
            let entries: Vec<Kept> = entries.into_iter().map(|(used, created, size)| kept(used, created, size)).collect();
            let total: u64 = entries.iter().map(|kept| kept.size_bytes).sum();
            let gone = least_recently_used(entries, keep_bytes, |kept| *kept);
            let gone_bytes: u64 = gone.iter().map(|kept| kept.size_bytes).sum();
            prop_assert!(total - gone_bytes <= keep_bytes);
            prop_assert!(total > keep_bytes || gone.is_empty());
        }
    }
}
