//! A full disk, on a small tmpfs in a mount namespace of the test's own, which needs no privileges.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod fixture;

use std::path::Path;
use std::process::Command;

use container_require::{may_mount_in_a_namespace, require};
use container_templates::PublishError;
use fixture::{Root, TOKEN, begin, fill, found, is_absent, make};

/// Set in the process that sees the small file system.
const SMALL_DIR: &str = "CONTAINER_TEST_SMALL_DIR";

#[test]
fn a_full_disk_keeps_what_is_there_and_leaves_no_half() {
    if let Some(directory) = std::env::var_os(SMALL_DIR) {
        return on_the_small_disk(Path::new(&directory));
    }
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    let directory = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=2m none \"$1\" && exec \"$2\" --exact \"$3\"";
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"])
        .arg(directory.path())
        .arg(std::env::current_exe().unwrap())
        .arg("a_full_disk_keeps_what_is_there_and_leaves_no_half")
        .env(SMALL_DIR, directory.path())
        .status()
        .unwrap();
    assert!(status.success());
}

fn on_the_small_disk(small: &Path) {
    let root = Root::in_directory(small);
    let key = make(&root.store, "a");
    let second = begin(&root.store, "b");
    fill(&second);
    // Not a byte is left, for the manifest neither.
    let filler = small.join("filler");
    fill_up(&filler);
    let error = second.publish(TOKEN).unwrap_err();
    assert!(matches!(&error, PublishError::Store(_)), "{error}");
    assert!(is_absent(&root.store, &fixture::key("b")));
    assert_eq!(root.names(), [key.to_string()]);
    fill_up(&filler);
    // Another one is not even begun.
    assert!(
        root.store
            .begin(&fixture::key("b"), &fixture::image("b"))
            .unwrap()
            .is_none()
    );
    assert_eq!(root.names(), [key.to_string()]);

    // What is there is used, verified once more also where that cannot be noted.
    std::fs::write(root.of(&key).join("verified.json"), "").unwrap();
    fill_up(&filler);
    found(&root.store, &key);
    // And it can be removed.
    assert_eq!(root.store.prune_unused().unwrap().removed.len(), 1);
    assert!(root.names().is_empty());
}

fn fill_up(filler: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::options().append(true).create(true).open(filler).unwrap();
    for size in [4096, 512, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}
