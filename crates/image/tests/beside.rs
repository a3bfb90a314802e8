//! Pulls, runs and the collector of garbage beside each other, and the collector killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::convert::Infallible;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use container_image::{
    CatalogError, CollectScope, ImageStore, ImagesInUse, LoadOptions, LoadSource, NoProgress, PruneScope, PullOptions,
    ResolveError, ResolvedImage,
};
use container_oci::{Platform, Reference};
use support::images::archive;
use support::served::Served;
use support::{MAX_DISKS, TestStore};

const ROUNDS: u32 = 50;
/// Set in a process that makes and collects garbage until it is killed, to the app root.
const CHILD: &str = "CONTAINER_TEST_COLLECT";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

fn none() -> Result<ImagesInUse, Infallible> {
    Ok(ImagesInUse::default())
}

fn prune_all(store: &ImageStore, scope: CollectScope) {
    store.prune(PruneScope::Unused, none).unwrap();
    store.collect_garbage(scope, none).unwrap();
}

async fn resolve(store: &ImageStore, name: &Reference) -> Result<ResolvedImage, ResolveError> {
    store.resolve(name, &Platform::host(), MAX_DISKS).await
}

/// Two images that share nothing but the registry, and one store that each thread opens for itself, as processes do.
#[test]
fn pulls_runs_and_prunes_beside_each_other_never_fail() {
    let test = TestStore::in_memory();
    let served = [Served::new(&"one".repeat(30_000)), Served::new(&"two".repeat(30_000))];
    let names: Vec<Reference> = served.iter().map(|served| served.name().parse().unwrap()).collect();
    let open = || ImageStore::open(test.root.path()).unwrap();
    let is_over = AtomicBool::new(false);
    let (runs, prunes) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let pullers: Vec<_> = [&names[0], &names[0], &names[1]]
            .into_iter()
            .map(|name| {
                scope.spawn(move || {
                    let store = open();
                    for round in 0..ROUNDS {
                        block_on(async {
                            let pulled = store.pull(name, &PullOptions::default(), &NoProgress).await;
                            let pulled = pulled.unwrap_or_else(|error| panic!("round {round}: {error}"));
                            // As `container run` does: the pull's lease is held until the image's own is taken.
                            let image = resolve(&store, name).await.unwrap();
                            drop(pulled);
                            std::thread::sleep(Duration::from_millis(2));
                            for layer in &image.layers {
                                assert_eq!(std::fs::metadata(&layer.path).unwrap().len(), layer.size_bytes);
                            }
                        });
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let store = open();
            while !is_over.load(Ordering::Relaxed) {
                for name in &names {
                    match block_on(resolve(&store, name)) {
                        Ok(image) => {
                            std::thread::sleep(Duration::from_millis(1));
                            assert!(image.layers.iter().all(|layer| layer.path.is_file()));
                            runs.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(ResolveError::Catalog(CatalogError::NotFound { .. })) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        scope.spawn(|| {
            let store = open();
            while !is_over.load(Ordering::Relaxed) {
                prune_all(&store, CollectScope::UnreachableAndDownloads);
                prunes.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let pulled: Vec<_> = pullers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        for result in pulled {
            result.unwrap();
        }
    });
    assert!(prunes.into_inner() > 0);
    prune_all(&test.store, CollectScope::UnreachableAndDownloads);
    for directory in ["content/ingest", "content/trash", "content/blobs/sha256", "layers"] {
        assert_eq!(test.files(directory), [""; 0], "{directory}");
    }
}

async fn load(store: &ImageStore, name: &str, text: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = archive(directory.path(), name, text);
    let options = LoadOptions::default();
    store.load(LoadSource::Path(path), &options, &NoProgress).await.unwrap();
}

#[tokio::test]
async fn a_collector_killed_at_any_moment_leaves_a_valid_store() {
    if let Some(root) = std::env::var_os(CHILD) {
        let store = ImageStore::open(Path::new(&root)).unwrap();
        for round in 0u64.. {
            load(&store, "gone:1", &format!("gone {round}")).await;
            let dangling = store.prune(PruneScope::Dangling, none);
            dangling.unwrap();
            store.collect_garbage(CollectScope::Unreachable, none).unwrap();
        }
        return;
    }
    let test = TestStore::new();
    load(&test.store, "kept:1", "kept").await;
    let kept = test.files("content/blobs/sha256").len();
    for moment_ms in [40, 75, 110, 145, 180] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_collector_killed_at_any_moment_leaves_a_valid_store"])
            .env(CHILD, test.root.path())
            // What it leaves goes with the store.
            .env("TMPDIR", test.root.path())
            .spawn()
            .unwrap();
        // A process may need long to get so far as to make garbage.
        let gone = "gone:1".parse().unwrap();
        while resolve(&test.store, &gone).await.is_err() {
            assert!(child.try_wait().unwrap().is_none(), "it has failed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(moment_ms)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        resolve(&test.store, &"kept:1".parse().unwrap()).await.unwrap();
        for image in test.store.list().unwrap() {
            let image = resolve(&test.store, &image.reference).await.unwrap();
            assert!(image.layers[0].path.is_file());
        }
    }
    test.delete("gone:1");
    test.store.prune(PruneScope::Dangling, none).unwrap();
    test.store
        .collect_garbage(CollectScope::UnreachableAndDownloads, none)
        .unwrap();
    assert_eq!(test.files("content/ingest"), [""; 0]);
    assert_eq!(test.files("content/trash"), [""; 0]);
    assert_eq!(test.files("content/blobs/sha256").len(), kept);
    assert_eq!(test.files("layers").len(), 2);
}
