//! What the tests of the image store share: stores in temporary directories, small images, a registry, a liar.

pub(crate) mod images;
pub(crate) mod layout;
pub(crate) mod liar;
pub(crate) mod platforms;
pub(crate) mod registry;
pub(crate) mod served;

use container_image::{DeleteScope, Deletion, ImageQuery, ImageStore, ImagesInUse, Progress, ProgressEvent};
use std::sync::Mutex;

/// More disks than the images of most tests have layers.
pub(crate) const MAX_DISKS: usize = 16;

/// A store in a directory that goes with it.
pub(crate) struct TestStore {
    pub(crate) root: tempfile::TempDir,
    pub(crate) store: ImageStore,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = ImageStore::open(root.path()).unwrap();
        Self { root, store }
    }

    /// A store in memory where the system has a directory for that: syncing is not what the test is about.
    pub(crate) fn in_memory() -> Self {
        let Ok(root) = tempfile::tempdir_in("/dev/shm") else {
            return Self::new();
        };
        let store = ImageStore::open(root.path()).unwrap();
        Self { root, store }
    }

    /// Takes a name away that no container uses.
    pub(crate) fn delete(&self, name: &str) -> Deletion {
        let queries = [ImageQuery::from(name)];
        let scope = DeleteScope::Queries(&queries);
        self.store.delete(scope, false, &ImagesInUse::default()).unwrap()
    }

    /// Files in a directory of the store.
    pub(crate) fn files(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.path().join(directory)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Unfinished files; what a lease that is held keeps there, a lock and an empty directory, is left out.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let ingest = self.root.path().join("content/ingest");
        let is_empty =
            |name: &str| std::fs::read_dir(ingest.join(name)).is_ok_and(|mut entries| entries.next().is_none());
        let mut files = self.files("content/ingest");
        files.retain(|name| !name.ends_with(".lock") && !is_empty(name));
        files
    }

    /// Nothing unfinished and no name is there.
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.files("content/ingest"), [""; 0]);
        assert!(self.store.list().unwrap().is_empty());
        assert!(self.files("layers").is_empty());
    }
}

/// Remembers all events.
#[derive(Default)]
pub(crate) struct Events(pub(crate) Mutex<Vec<ProgressEvent>>);

impl Progress for Events {
    fn event(&self, event: ProgressEvent) {
        self.0.lock().unwrap().push(event);
    }
}

impl Events {
    pub(crate) fn count(&self, wanted: impl Fn(&ProgressEvent) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| wanted(event)).count()
    }
}
