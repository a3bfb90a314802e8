//! Trees that take their place in others.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::*;
use crate::remove::remove_tree;

fn merged(from: &Path, into: &Path) -> Result<(), MergeError> {
    merge(File::open(from).unwrap().as_fd(), File::open(into).unwrap().as_fd())
}

fn tree(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn directories_are_merged_and_files_replaced() {
    let (from, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tree(
        from.path(),
        &[("a/new", "1"), ("a/same", "2"), ("b/c/d", "3"), ("link", "4")],
    );
    tree(into.path(), &[("a/same", "old"), ("a/kept", "5"), ("elsewhere", "6")]);
    symlink("elsewhere", into.path().join("link")).unwrap();
    for (path, mode) in [("a", 0o750), ("b", 0o555), ("b/c", 0o500)] {
        fs::set_permissions(from.path().join(path), Permissions::from_mode(mode)).unwrap();
    }
    merged(from.path(), into.path()).unwrap();
    for (path, content) in [
        ("a/new", "1"),
        ("a/same", "2"),
        ("a/kept", "5"),
        ("b/c/d", "3"),
        ("link", "4"),
        ("elsewhere", "6"),
    ] {
        assert_eq!(fs::read_to_string(into.path().join(path)).unwrap(), content, "{path}");
    }
    assert_eq!(
        ["a", "b", "b/c"].map(|path| mode(&into.path().join(path))),
        [0o750, 0o555, 0o500]
    );
    assert_eq!(fs::read_dir(from.path()).unwrap().count(), 0);
    remove_tree(File::open(into.path()).unwrap().as_fd(), OsStr::new("b")).unwrap();
    assert!(!into.path().join("b").exists());
}

#[test]
fn nothing_is_moved_where_something_is_in_the_way_and_no_link_is_followed() {
    let (from, into, outside) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    tree(from.path(), &[("a", "1"), ("d/e/f", "2")]);
    tree(into.path(), &[("d/x", "3")]);
    symlink(outside.path(), into.path().join("d/e")).unwrap();
    let error = merged(from.path(), into.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"d/e\" is there, and is a symbolic link: a directory cannot take its place"
    );
    assert!(!into.path().join("a").exists());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    fs::remove_file(into.path().join("d/e")).unwrap();
    fs::create_dir(into.path().join("a")).unwrap();
    let error = merged(from.path(), into.path()).unwrap_err();
    assert!(
        error.to_string().contains("\"a\" is there, and is a directory"),
        "{error}"
    );
}
