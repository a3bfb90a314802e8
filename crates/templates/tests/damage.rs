//! Templates that are not what their makers left: no machine is ever started from one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod fixture;

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use container_templates::{Opened, TemplateKey};
use fixture::{FILES, MEMORY_BYTES, Root, found, is_absent, key, make};

/// Makes a template, damages its directory, and says why it was not used.
fn reason_after(damage: impl FnOnce(&Path)) -> String {
    let root = Root::new();
    let key = make(&root.store, "a");
    damage(&root.of(&key));
    let reason = discarded(&root, &key);
    assert!(root.names().is_empty(), "{:?}", root.names());
    assert!(is_absent(&root.store, &key));
    // It can be made anew.
    make(&root.store, "a");
    found(&root.store, &key);
    reason
}

fn discarded(root: &Root, key: &TemplateKey) -> String {
    match root.store.open(key).unwrap() {
        Opened::Discarded { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn flip(path: &Path, position: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, position).unwrap();
    file.write_all_at(&[byte[0] ^ 1], position).unwrap();
}

#[test]
fn a_flipped_bit_is_found_in_each_file() {
    for (file, position) in [
        ("memory", 12_345),
        ("memory", MEMORY_BYTES / 2 + 299_999),
        // In a hole.
        ("memory", MEMORY_BYTES - 1),
        ("state", 0),
        ("state", 49_999),
        ("disk.ext4", (20 << 30) + 50_000),
        ("disk.ext4", 40 << 30),
    ] {
        let reason = reason_after(|directory| flip(&directory.join(file), position));
        assert_eq!(reason, format!("the content of its file {file} has changed"));
    }
}

#[test]
fn a_flipped_bit_is_found_in_the_manifest() {
    let in_the_token = |directory: &Path| {
        let manifest = directory.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, text.replacen(" 9,", " 8,", 1)).unwrap();
    };
    assert_eq!(reason_after(in_the_token), "its manifest is damaged");
}

#[test]
fn a_file_of_another_length_is_found() {
    for (file, length, found) in [
        ("memory", MEMORY_BYTES - 4096, "67104768 bytes instead of 67108864"),
        ("memory", MEMORY_BYTES + 1, "67108865 bytes instead of 67108864"),
        ("state", 0, "0 bytes instead of 50000"),
        ("disk.ext4", (64 << 30) - 1, "68719476735 bytes instead of 68719476736"),
    ] {
        let resize = |directory: &Path| {
            File::options()
                .write(true)
                .open(directory.join(file))
                .unwrap()
                .set_len(length)
                .unwrap()
        };
        assert_eq!(reason_after(resize), format!("its file {file} has {found}"));
    }
}

#[test]
fn a_file_that_is_gone_or_is_none_is_found() {
    for file in FILES {
        let reason = reason_after(|directory| std::fs::remove_file(directory.join(file)).unwrap());
        assert!(
            reason.starts_with(&format!("its file {file} cannot be read")),
            "{reason}"
        );
        let reason = reason_after(|directory| {
            let path = directory.join(file);
            let elsewhere = directory.join("elsewhere");
            std::fs::rename(&path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        });
        assert!(
            reason.starts_with(&format!("its file {file} cannot be read")),
            "{reason}"
        );
    }
    let reason = reason_after(|directory| std::fs::remove_file(directory.join("manifest.json")).unwrap());
    assert_eq!(reason, "it has no manifest");
    let reason = reason_after(|directory| std::fs::remove_file(directory.join("lock")).unwrap());
    assert_eq!(reason, "it has no lock");
}

#[test]
fn a_template_of_another_version_is_made_anew() {
    for (version, expected) in [("0", "its format version is 0, not 1"), ("2", "has format version 2")] {
        let reason = reason_after(|directory| {
            let manifest = directory.join("manifest.json");
            let text = std::fs::read_to_string(&manifest).unwrap();
            std::fs::write(
                &manifest,
                text.replacen("\"version\": 1", &format!("\"version\": {version}"), 1),
            )
            .unwrap();
        });
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn a_template_under_the_name_of_another_is_not_used() {
    let root = Root::new();
    let made = make(&root.store, "a");
    let other = key("b");
    std::fs::rename(root.of(&made), root.of(&other)).unwrap();
    assert_eq!(discarded(&root, &other), format!("it is the template {made}"));
    assert!(is_absent(&root.store, &other) && root.names().is_empty());
}

/// Changes a byte of the state and sets the times back, as far as that can be done.
fn flip_unseen(path: &Path) {
    let before = path.metadata().unwrap();
    flip(path, 7);
    let file = File::options().write(true).open(path).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(before.modified().unwrap()))
        .unwrap();
    assert_eq!(path.metadata().unwrap().mtime_nsec(), before.mtime_nsec());
}

#[test]
fn setting_the_time_back_hides_no_change() {
    let reason = reason_after(|directory| flip_unseen(&directory.join("state")));
    assert_eq!(reason, "the content of its file state has changed");
}

#[test]
fn what_was_verified_in_another_boot_of_the_host_is_verified_again() {
    let root = Root::new();
    let key = make(&root.store, "a");
    let record = root.of(&key).join("verified.json");
    let ours = std::fs::read_to_string(&record).unwrap();
    let boot = container_durable::boot_id().unwrap();
    let others = ours.replace(&boot, "another boot");
    assert_ne!(ours, others);
    std::fs::write(&record, &others).unwrap();
    found(&root.store, &key);
    assert_eq!(std::fs::read_to_string(&record).unwrap(), ours);
    // In the same boot the record is left alone.
    let written = record.metadata().unwrap().ino();
    found(&root.store, &key);
    assert_eq!(record.metadata().unwrap().ino(), written);
}

#[test]
fn a_record_of_verification_that_is_damaged_or_gone_is_made_anew() {
    let root = Root::new();
    let key = make(&root.store, "a");
    let record = root.of(&key).join("verified.json");
    let ours = std::fs::read_to_string(&record).unwrap();
    for damage in [None, Some(""), Some("{"), Some("{\"version\":9}")] {
        match damage {
            None => std::fs::remove_file(&record).unwrap(),
            Some(text) => std::fs::write(&record, text).unwrap(),
        }
        found(&root.store, &key);
        assert_eq!(std::fs::read_to_string(&record).unwrap(), ours);
    }
}

#[test]
fn a_template_that_is_copied_elsewhere_with_its_record_is_verified_again() {
    let root = Root::new();
    let key = make(&root.store, "a");
    let directory = root.of(&key);
    // Another file with the same content, then with another.
    let copy = directory.join("copy");
    std::fs::copy(directory.join("state"), &copy).unwrap();
    std::fs::rename(&copy, directory.join("state")).unwrap();
    found(&root.store, &key);
    std::fs::write(&copy, [8; 50_000]).unwrap();
    std::fs::rename(&copy, directory.join("state")).unwrap();
    assert_eq!(discarded(&root, &key), "the content of its file state has changed");
}
