//! The domains below which containers have names, which a user changes while the network is at work.

use std::time::Duration;

use container_state::AppPaths;

use crate::domains::{DomainStore, DomainsStamp};

/// How often the record is looked at, at most.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The domains as they were read last.
pub(super) struct Domains {
    store: DomainStore,
    stamp: Option<DomainsStamp>,
    looked: Duration,
}

impl Domains {
    /// The domains, which are read at once.
    pub(super) fn new(paths: &AppPaths) -> (Self, Vec<String>) {
        let store = DomainStore::new(paths);
        let domains = Self {
            stamp: store.stamp(),
            store,
            looked: Duration::ZERO,
        };
        let read = domains.read();
        (domains, read)
    }

    /// All domains, if the record has changed since it was read.
    pub(super) fn changed(&mut self, now: Duration) -> Option<Vec<String>> {
        if now.saturating_sub(self.looked) < LOOK_PAUSE {
            return None;
        }
        self.looked = now;
        let stamp = self.store.stamp();
        if stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        Some(self.read())
    }

    fn read(&self) -> Vec<String> {
        self.store.list().unwrap_or_else(|error| {
            tracing::warn!(%error, "the domains cannot be read");
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_is_added_later_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let paths = AppPaths::new(root.path(), root.path().join("run"));
        let (mut domains, first) = Domains::new(&paths);
        assert!(first.is_empty());
        let store = DomainStore::new(&paths);
        store.add("test").unwrap();
        assert_eq!(domains.changed(LOOK_PAUSE / 2), None, "it is not looked at so often");
        assert_eq!(domains.changed(LOOK_PAUSE).unwrap(), ["test"]);
        assert_eq!(domains.changed(LOOK_PAUSE * 2), None);
        store.remove("test").unwrap();
        assert!(domains.changed(LOOK_PAUSE * 3).unwrap().is_empty());
    }
}
