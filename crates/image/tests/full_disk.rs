//! A full disk, on a small tmpfs in a mount namespace of the test's own, which needs no privileges.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::io::Write as _;
use std::process::Command;

use container_image::{CollectScope, ImageStore, ImagesInUse, LoadOptions, LoadSource, NoProgress, PruneScope};
use container_require::{may_mount_in_a_namespace, require};
use support::TestStore;
use support::images::archive;

/// Set in the process that sees the small file system.
const SMALL_DIR: &str = "CONTAINER_TEST_SMALL_DIR";

/// Runs the named test of this file again where a small file system is mounted, once for each size.
fn on_small_disks(test: &str, sizes: &[&str]) {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command
    };
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    let directory = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=\"$1\" none \"$2\" && exec \"$3\" --exact \"$4\"";
    for size in sizes {
        let status = unshare()
            .args(["sh", "-c", mount, "sh", size])
            .arg(directory.path())
            .arg(std::env::current_exe().unwrap())
            .arg(test)
            .env(SMALL_DIR, directory.path())
            .status()
            .unwrap();
        assert!(status.success(), "{size}");
    }
}

#[tokio::test]
async fn a_full_disk_is_said_clearly_and_leaves_nothing() {
    if let Some(directory) = std::env::var_os(SMALL_DIR) {
        let root = tempfile::tempdir_in(directory).unwrap();
        return load_into_the_full_store(TestStore {
            store: ImageStore::open(root.path()).unwrap(),
            root,
        })
        .await;
    }
    // The blob does not fit; the blob fits and the disk does not.
    on_small_disks("a_full_disk_is_said_clearly_and_leaves_nothing", &["600k", "1400k"]);
}

#[tokio::test]
async fn room_is_made_on_a_disk_too_full_to_take_a_name_away() {
    let Some(directory) = std::env::var_os(SMALL_DIR) else {
        return on_small_disks("room_is_made_on_a_disk_too_full_to_take_a_name_away", &["6m"]);
    };
    let root = tempfile::tempdir_in(directory).unwrap();
    let store = ImageStore::open(root.path()).unwrap();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = archive(elsewhere.path(), "demo:1", &"hello".repeat(100_000));
    let options = LoadOptions::default();
    let loaded = store.load(LoadSource::Path(path), &options, &NoProgress).await.unwrap();
    let mut filler = std::fs::File::create(root.path().join("filler")).unwrap();
    while filler.write_all(&[1; 4096]).is_ok() {}

    let none = || Ok::<_, std::io::Error>(ImagesInUse::default());
    let prune = || store.prune(PruneScope::Unused, none);
    assert!(prune().unwrap_err().is_full_disk());
    assert!(store.make_room(none).unwrap() > 0);
    // The image is whole but for its disk, which is made again on demand.
    assert_eq!(store.list().unwrap().len(), 1);
    assert_eq!(prune().unwrap()[0].reference, loaded[0].reference);
    let collected = store
        .collect_garbage(CollectScope::UnreachableAndDownloads, none)
        .unwrap();
    assert!(collected.reclaimed_bytes > 0);
}

async fn load_into_the_full_store(test: TestStore) {
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = archive(elsewhere.path(), "demo:1", &"hello".repeat(200_000));
    let error = test
        .store
        .load(LoadSource::Path(path), &LoadOptions::default(), &NoProgress)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no space left on the disk"), "{error}");
    test.assert_untouched();
}
