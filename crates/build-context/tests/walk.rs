//! Selections as tars, and files that somebody changes meanwhile.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use container_build_context::{ContentError, Context, Ignore, ReadFileError, SelectOptions, SelectedKind};
use container_tar::{Entry, EntryKind, Reader, Writer};

fn open(root: &Path) -> Context {
    Context::open(root).unwrap()
}

/// The entries of a tar of all that sources select.
fn packed(context: &Context, sources: &[&str]) -> Vec<Entry> {
    let selection = context.select(sources, &SelectOptions::default()).unwrap();
    let mut writer = Writer::new(Vec::new());
    let mut walk = selection.walk();
    while let Some(mut item) = walk.next_item().unwrap() {
        item.write_to(&mut writer).unwrap();
    }
    let tar = writer.finish().unwrap();
    let mut reader = Reader::new(tar.as_slice());
    std::iter::from_fn(|| reader.next_entry().unwrap()).collect()
}

#[test]
fn names_are_bytes_of_any_length() {
    let root = tempfile::tempdir().unwrap();
    let long = "n".repeat(255);
    let strange = std::ffi::OsStr::from_bytes(b"not \xff utf-8\n");
    fs::write(root.path().join(&long), "x").unwrap();
    fs::write(root.path().join(strange), "x").unwrap();
    let entries = packed(&open(root.path()), &["."]);
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_slice()).collect();
    assert_eq!(paths, [long.as_bytes(), strange.as_bytes()]);
    assert_eq!(packed(&open(root.path()), &["not*"]).len(), 1);
}

#[test]
fn hard_links_stay_links_within_what_one_source_names() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("d")).unwrap();
    fs::write(root.path().join("d/one"), "content").unwrap();
    fs::hard_link(root.path().join("d/one"), root.path().join("d/two")).unwrap();
    fs::hard_link(root.path().join("d/one"), root.path().join("three")).unwrap();
    let entries = packed(&open(root.path()), &["d", "three"]);
    assert!(matches!(entries[0].kind, EntryKind::File { size_bytes: 7, .. }));
    assert_eq!(
        entries[1].kind,
        EntryKind::HardLink {
            target: b"one".to_vec()
        }
    );
    assert!(matches!(entries[2].kind, EntryKind::File { size_bytes: 7, .. }));
}

#[test]
fn modes_are_kept_and_owners_are_nobodys() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("program"), "x").unwrap();
    fs::set_permissions(root.path().join("program"), fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("program", root.path().join("link")).unwrap();
    let entries = packed(&open(root.path()), &["."]);
    assert_eq!((entries[1].mode, entries[1].uid, entries[1].gid), (0o4755, 0, 0));
    assert_eq!(entries[0].mode, 0o777);
}

#[test]
fn holes_stay_holes() {
    let root = tempfile::tempdir().unwrap();
    let file = fs::File::create(root.path().join("sparse")).unwrap();
    file.write_all_at(b"end", 64 << 20).unwrap();
    drop(file);
    let context = open(root.path());
    let selection = context.select(&["sparse"], &SelectOptions::default()).unwrap();
    let mut writer = Writer::new(Vec::new());
    let mut walk = selection.walk();
    walk.next_item().unwrap().unwrap().write_to(&mut writer).unwrap();
    let tar = writer.finish().unwrap();
    assert!(tar.len() < 1 << 20, "the hole was written: {} bytes", tar.len());
    let mut walk = selection.walk();
    let mut text = Vec::new();
    walk.next_item()
        .unwrap()
        .unwrap()
        .content()
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text.len(), (64 << 20) + 3);
}

#[test]
fn content_is_read_from_its_start_each_time() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("f"), "once more").unwrap();
    let context = open(root.path());
    let selection = context.select(&["f"], &SelectOptions::default()).unwrap();
    let mut walk = selection.walk();
    let item = walk.next_item().unwrap().unwrap();
    for _ in 0..2 {
        let mut text = String::new();
        item.content().read_to_string(&mut text).unwrap();
        assert_eq!(text, "once more");
    }
}

#[test]
fn what_a_source_is_says_where_it_goes() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("d")).unwrap();
    fs::write(root.path().join("d/x"), "x").unwrap();
    symlink("d/x", root.path().join("link")).unwrap();
    let context = open(root.path());
    let selection = context.select(&["d", "link", "."], &SelectOptions::default()).unwrap();
    let kinds: Vec<_> = selection
        .selected()
        .map(|selected| (selected.source, selected.name.as_slice(), selected.kind))
        .collect();
    let content = SelectedKind::DirectoryContent;
    assert_eq!(
        kinds,
        [
            (0, b"d".as_slice(), content),
            (1, b"link", SelectedKind::File),
            (2, b"", content)
        ]
    );
}

#[test]
fn a_directory_that_becomes_a_link_leads_nowhere() {
    let places = tempfile::tempdir().unwrap();
    let (root, outside) = (places.path().join("c"), places.path().join("outside"));
    for directory in [root.join("d"), outside.clone()] {
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("f"), "same").unwrap();
    }
    let context = open(&root);
    let selection = context.select(&["d/f"], &SelectOptions::default()).unwrap();
    fs::rename(root.join("d"), root.join("moved")).unwrap();
    symlink(&outside, root.join("d")).unwrap();
    let error = selection.walk().next_item().map(|_| ()).unwrap_err();
    assert!(
        matches!(&error, ContentError::Changed { path } if path == b"d/f"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_written_to_while_it_is_read_ends_the_walk() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a"), "content").unwrap();
    let context = open(root.path());
    let selection = context.select(&["a"], &SelectOptions::default()).unwrap();
    let mut walk = selection.walk();
    let mut writer = Writer::new(Vec::new());
    let mut item = walk.next_item().unwrap().unwrap();
    fs::write(root.path().join("a"), "").unwrap();
    let error = item.write_to(&mut writer).unwrap_err();
    assert!(error.to_string().contains("changed while it was read"), "{error}");
    assert!(matches!(walk.next_item(), Err(ContentError::Changed { .. })));
}

#[test]
fn a_context_may_be_a_link_and_single_files_are_read_whole() {
    let places = tempfile::tempdir().unwrap();
    let root = places.path().join("c");
    fs::create_dir_all(root.join("docker")).unwrap();
    fs::write(root.join("docker/Dockerfile"), "FROM scratch").unwrap();
    fs::write(root.join("docker/Dockerfile.dockerignore"), "own").unwrap();
    fs::write(root.join(".dockerignore"), "docker\n").unwrap();
    symlink("docker/Dockerfile", root.join("Dockerfile")).unwrap();
    symlink(&root, places.path().join("link")).unwrap();
    let context = open(&places.path().join("link"));
    let ignore = context.find_ignore(Some(b"docker/Dockerfile")).unwrap();
    assert!(ignore.covers(b"own") && !ignore.covers(b"docker"));
    let ignore = context.find_ignore(Some(b"Dockerfile")).unwrap();
    assert!(ignore.covers(b"docker") && !ignore.covers(b"own"));
    // It may be ignored and is read all the same.
    let context = context.ignoring(ignore);
    assert_eq!(context.read_file(b"Dockerfile", 100).unwrap().unwrap(), b"FROM scratch");
    assert_eq!(context.read_file(b"../nothing", 100).unwrap(), None);
    assert!(matches!(
        context.read_file(b"Dockerfile", 3),
        Err(ReadFileError::TooLarge { .. })
    ));
    assert!(matches!(
        context.read_file(b"docker", 3),
        Err(ReadFileError::NoFile { .. })
    ));
    fs::write(root.join(".dockerignore"), "ok\n!\n").unwrap();
    let error = context.find_ignore(None).unwrap_err();
    let expected = "in \".dockerignore\": line 2: illegal exclusion pattern: \"!\"";
    assert_eq!(error.to_string(), expected);
    assert!(Context::open(&root.join("docker/Dockerfile")).is_err());
}

#[test]
fn unreadable_directories_hurt_only_who_needs_them() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("closed")).unwrap();
    fs::write(root.path().join("a"), "x").unwrap();
    let context = open(root.path()).ignoring(Ignore::parse(b"closed\n!closed/x").unwrap());
    fs::set_permissions(root.path().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    assert_eq!(packed(&context, &["."]).len(), 1);
    assert_eq!(packed(&context, &["a"]).len(), 1);
    fs::set_permissions(root.path().join("closed"), fs::Permissions::from_mode(0o755)).unwrap();
}
