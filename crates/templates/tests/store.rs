//! Making templates and using them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod fixture;

use std::os::unix::fs::MetadataExt as _;

use container_templates::{PublishError, TemplateKey};
use fixture::{FILES, MEMORY_BYTES, Root, TOKEN, begin, fill, found, image, is_absent, key, make};

#[test]
fn what_was_made_is_found_and_is_private() {
    let root = Root::new();
    assert!(is_absent(&root.store, &key("a")) && root.store.list().unwrap().is_empty());
    let key = make(&root.store, "a");
    let template = found(&root.store, &key);
    assert_eq!((template.key(), template.token()), (&key, &TOKEN));
    assert_eq!(template.memory().metadata().unwrap().len(), MEMORY_BYTES);
    assert_eq!(std::fs::read(template.state()).unwrap(), [3; 50_000]);
    assert_eq!(template.disk().metadata().unwrap().len(), 64 << 30);
    let directory = root.of(&key);
    assert_eq!(template.disk().parent(), Some(directory.as_path()));
    for path in [&root.templates(), &directory] {
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
    }
    for entry in std::fs::read_dir(&directory).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(root.names(), [key.to_string()]);
    assert!(!format!("{template:?}").contains("[9"));
}

#[test]
fn a_blank_disk_is_the_machine_s_and_no_part_of_the_template() {
    let root = Root::new();
    let new = begin(&root.store, "a");
    fill(&new);
    let disks = ["layer-0", "rootfs"].map(|name| new.make_blank_disk(name, 1 << 30).unwrap());
    for disk in &disks {
        let status = disk.metadata().unwrap();
        assert_eq!(
            (status.len(), status.blocks(), status.mode() & 0o777),
            (1 << 30, 0, 0o600)
        );
    }
    assert!(new.make_blank_disk("rootfs", 1).is_err(), "each once");
    new.publish(TOKEN).unwrap();
    assert!(!disks[0].exists());
    let directory = root.of(&key("a"));
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(
        files,
        ["disk.ext4", "lock", "manifest.json", "memory", "state", "verified.json"]
    );
}

#[test]
fn one_maker_at_a_time() {
    let root = Root::new();
    let first = begin(&root.store, "a");
    assert!(root.store.begin(&key("a"), &image("a")).unwrap().is_none());
    // Another template is another matter.
    drop(begin(&root.store, "b"));
    fill(&first);
    first.publish(TOKEN).unwrap();
    assert!(root.store.begin(&key("a"), &image("a")).unwrap().is_none());
    assert_eq!(root.names(), [key("a").to_string()]);
}

#[test]
fn what_has_failed_is_not_tried_again_for_an_hour() {
    let root = Root::new();
    drop(begin(&root.store, "b"));
    root.store.note_failure(&key("a"));
    assert!(root.store.begin(&key("a"), &image("a")).unwrap().is_none());
    let note = root.templates().join(format!(".failed-{}", key("a")));
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3601);
    std::fs::File::options()
        .write(true)
        .open(&note)
        .unwrap()
        .set_modified(hour_ago)
        .unwrap();
    drop(begin(&root.store, "a"));
    assert!(!note.exists(), "old notes go");
}

#[test]
fn nothing_is_visible_before_it_is_published_and_nothing_is_left_of_what_was_not() {
    let root = Root::new();
    let new = begin(&root.store, "a");
    fill(&new);
    assert!(is_absent(&root.store, &key("a")) && root.store.list().unwrap().is_empty());
    root.store.sweep();
    assert!(new.memory().exists());
    drop(new);
    assert!(root.names().is_empty());
}

#[test]
fn a_template_without_one_of_its_files_is_not_published() {
    for missing in FILES {
        let root = Root::new();
        let new = begin(&root.store, "a");
        fill(&new);
        std::fs::remove_file(new.memory().with_file_name(missing)).unwrap();
        let error = new.publish(TOKEN).unwrap_err();
        assert!(
            matches!(&error, PublishError::File { path, .. } if path.ends_with(missing)),
            "{error}"
        );
        assert!(root.names().is_empty());
    }
}

#[test]
fn the_list_tells_what_each_is_and_takes() {
    let root = Root::new();
    let [old, new]: [TemplateKey; 2] = [("old", 100), ("new", 200)].map(|(name, used)| root.make_used_at(name, used));
    let listed = root.store.list().unwrap();
    assert_eq!(
        listed.iter().map(|template| template.key).collect::<Vec<_>>(),
        [old, new]
    );
    assert_eq!(listed[0].image, Some(image("old")));
    assert_eq!(listed[0].last_used.unix_timestamp(), 100);
    assert!(listed[0].made.is_some());
    assert!(listed.iter().all(|template| !template.is_in_use));
    // Holes take nothing.
    assert!(
        (700_000..8 << 20).contains(&listed[0].size_bytes),
        "{}",
        listed[0].size_bytes
    );
    let in_use = found(&root.store, &old);
    let listed = root.store.list().unwrap();
    assert_eq!(
        (listed[1].key, listed[1].is_in_use, listed[0].is_in_use),
        (old, true, false)
    );
    assert!(listed[1].last_used.unix_timestamp() > 200);
    drop(in_use);
    assert!(!root.store.list().unwrap()[1].is_in_use);
}
