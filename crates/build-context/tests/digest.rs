//! What a digest depends on, and what is read for it.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use container_build_context::{ContentError, Context, SelectOptions, StatCache, TarLimits};
use container_oci::Digest;
use container_tar::Writer;
use proptest::prelude::*;

fn context(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn digest_with(root: &Path, source: &str, cache: &mut StatCache) -> Result<Digest, ContentError> {
    let context = Context::open(root).unwrap();
    let selection = context.select(&[source], &SelectOptions::default()).unwrap();
    selection.digest(cache)
}

fn digest(root: &Path, source: &str) -> Digest {
    digest_with(root, source, &mut StatCache::in_memory()).unwrap()
}

fn set_time(path: &Path, time: SystemTime) {
    let times = FileTimes::new().set_modified(time).set_accessed(time);
    File::open(path).unwrap().set_times(times).unwrap();
}

#[test]
fn equal_sizes_and_times_do_not_hide_other_content() {
    let root = context(&[("a", "one"), ("b", "x")]);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    set_time(&root.path().join("a"), time);
    let before = digest(root.path(), ".");
    fs::write(root.path().join("a"), "two").unwrap();
    set_time(&root.path().join("a"), time);
    assert_ne!(digest(root.path(), "."), before);
    fs::write(root.path().join("a"), "one").unwrap();
    assert_eq!(digest(root.path(), "."), before, "times do not count");
}

#[test]
fn everything_that_a_copy_shows_counts() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 9] = [
        ("mode", |root| {
            fs::set_permissions(root.join("d/a"), Permissions::from_mode(0o600)).unwrap()
        }),
        ("mode of a directory", |root| {
            fs::set_permissions(root.join("d/e"), Permissions::from_mode(0o700)).unwrap()
        }),
        ("name", |root| fs::rename(root.join("d/a"), root.join("d/z")).unwrap()),
        ("content", |root| fs::write(root.join("d/a"), "other").unwrap()),
        ("an empty directory", |root| fs::create_dir(root.join("d/new")).unwrap()),
        ("a link's target", |root| {
            fs::remove_file(root.join("d/link")).unwrap();
            symlink("e/b", root.join("d/link")).unwrap();
        }),
        ("a link to the same content", |root| {
            fs::rename(root.join("d/a"), root.join("moved")).unwrap();
            symlink("../moved", root.join("d/a")).unwrap();
        }),
        ("where content begins", |root| {
            fs::write(root.join("d/a"), "oneb").unwrap();
            fs::write(root.join("d/e/b"), "").unwrap();
        }),
        ("a file for a directory", |root| {
            fs::remove_dir_all(root.join("d/e")).unwrap();
            fs::write(root.join("d/e"), "").unwrap();
        }),
    ];
    let mut seen = Vec::new();
    for (what, change) in [("nothing", (|_| {}) as Change)].into_iter().chain(changes) {
        let root = context(&[("d/a", "one"), ("d/e/b", "b"), ("outside", "x")]);
        symlink("a", root.path().join("d/link")).unwrap();
        change(root.path());
        let digest = digest(root.path(), "d");
        assert!(!seen.contains(&digest), "{what}");
        seen.push(digest);
    }
}

#[test]
fn nothing_else_counts() {
    let (one, other) = (
        context(&[("d/a", "one"), ("x", "x")]),
        context(&[("somewhere/a", "one"), ("y", "y")]),
    );
    fs::hard_link(other.path().join("somewhere/a"), other.path().join("hard")).unwrap();
    fs::set_permissions(one.path().join("d"), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(digest(one.path(), "d"), digest(other.path(), "somewhere"));
    assert_eq!(digest(one.path(), "d/*"), digest(other.path(), "somewhere/a"));
    assert_ne!(digest(one.path(), "d"), digest(one.path(), "d/a"));
}

#[test]
fn a_tar_has_the_digest_of_the_directory_that_it_was_made_of() {
    let root = context(&[("d/a", "one"), ("d/e/b", "b")]);
    symlink("e/b", root.path().join("d/link")).unwrap();
    let context = Context::open(root.path()).unwrap();
    let selection = context.select(&["."], &SelectOptions::default()).unwrap();
    let mut writer = Writer::new(Vec::new());
    let mut walk = selection.walk();
    while let Some(mut item) = walk.next_item().unwrap() {
        item.write_to(&mut writer).unwrap();
    }
    let tar = writer.finish().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let unpacked = Context::from_tar(tar.as_slice(), scratch.path(), &TarLimits::default()).unwrap();
    let again = unpacked.select(&["."], &SelectOptions::default()).unwrap();
    let mut cache = StatCache::in_memory();
    assert_eq!(again.digest(&mut cache).unwrap(), selection.digest(&mut cache).unwrap());
}

#[test]
fn files_are_noted_when_their_times_are_surely_past() {
    let names: Vec<String> = (0..100).map(|number| format!("file-{number}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "content")).collect();
    let root = context(&files);
    let store = tempfile::tempdir().unwrap();
    let path = store.path().join("stat-cache");
    let mut cache = StatCache::open(&path);
    let ahead = SystemTime::now() + Duration::from_secs(3600);
    for name in &names {
        set_time(&root.path().join(name), ahead);
    }
    let digest = digest_with(root.path(), ".", &mut cache).unwrap();
    cache.store().unwrap();
    assert!(!path.exists(), "a file of the future was noted");
    for name in &names {
        set_time(&root.path().join(name), SystemTime::UNIX_EPOCH);
    }
    // The time of the last change of status cannot be set, so that it has to pass.
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(digest_with(root.path(), ".", &mut cache).unwrap(), digest);
    cache.store().unwrap();
    let noted = fs::read(&path).unwrap();
    let mut cache = StatCache::open(&path);
    assert_eq!(digest_with(root.path(), ".", &mut cache).unwrap(), digest);
    cache.store().unwrap();
    assert_eq!(fs::read(&path).unwrap(), noted);
    fs::write(root.path().join("file-7"), "CONTENT").unwrap();
    set_time(&root.path().join("file-7"), SystemTime::UNIX_EPOCH);
    assert_ne!(digest_with(root.path(), ".", &mut cache).unwrap(), digest);
}

#[test]
fn a_file_that_changes_after_it_was_selected_is_an_error() {
    let root = context(&[("a", "one"), ("b", "two")]);
    let context = Context::open(root.path()).unwrap();
    let selection = context.select(&["*"], &SelectOptions::default()).unwrap();
    fs::write(root.path().join("b"), "longer").unwrap();
    let error = selection.digest(&mut StatCache::in_memory()).unwrap_err();
    assert!(
        matches!(&error, ContentError::Changed { path } if path == b"b"),
        "{error}"
    );
    fs::remove_file(root.path().join("b")).unwrap();
    symlink("/etc/passwd", root.path().join("b")).unwrap();
    let error = selection.digest(&mut StatCache::in_memory()).unwrap_err();
    assert!(
        matches!(&error, ContentError::Changed { path } if path == b"b"),
        "{error}"
    );
    let mut walk = selection.walk();
    assert_eq!(walk.next_item().unwrap().unwrap().entry.path, b"a");
    assert!(matches!(walk.next_item(), Err(ContentError::Changed { path }) if path == b"b"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn trees_have_one_digest_if_they_are_the_same(
        files in proptest::collection::btree_map("[ab]/[ab]", "[xy]{0,2}", 0..4),
        others in proptest::collection::btree_map("[ab]/[ab]", "[xy]{0,2}", 0..4),
    ) {
        let list = |files: &std::collections::BTreeMap<String, String>| {
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            let root = context(&files);
            digest(root.path(), ".")
        };
        prop_assert_eq!(list(&files) == list(&others), files == others);
    }
}
