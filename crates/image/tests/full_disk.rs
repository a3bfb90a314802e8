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

use std::process::Command;

use container_image::{ImageStore, LoadOptions, LoadSource, NoProgress};
use support::TestStore;
use support::images::archive;

/// Set in the process that sees the small file system.
const SMALL_DIR: &str = "CONTAINER_TEST_SMALL_DIR";

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
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command
    };
    if !unshare().arg("true").status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine allows no user namespaces");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // The blob does not fit; the blob fits and the disk does not.
    for size in ["600k", "1400k"] {
        let status = unshare()
            .args([
                "sh",
                "-c",
                "mount -t tmpfs -o size=\"$1\" none \"$2\" && exec \"$3\" --exact \"$4\"",
                "sh",
                size,
            ])
            .arg(directory.path())
            .arg(std::env::current_exe().unwrap())
            .arg("a_full_disk_is_said_clearly_and_leaves_nothing")
            .env(SMALL_DIR, directory.path())
            .status()
            .unwrap();
        assert!(status.success(), "{size}");
    }
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
