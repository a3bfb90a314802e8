//! Links within the root, and none out of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::directory::DiskDirectory;
use crate::path::names_from_root;

/// A context `c` with a file `secret` beside it.
fn places() -> tempfile::TempDir {
    let places = tempfile::tempdir().unwrap();
    fs::create_dir_all(places.path().join("c/a/b")).unwrap();
    fs::write(places.path().join("c/a/b/file"), "x").unwrap();
    fs::write(places.path().join("secret"), "secret").unwrap();
    places
}

fn resolved(context: &Path, path: &str) -> Result<String, ResolveError> {
    let root = DiskDirectory::root(context).unwrap();
    let located = resolve(&root, &Ignore::default(), &names_from_root(path.as_bytes()));
    located.map(|located| String::from_utf8(located.path).unwrap())
}

#[test]
fn links_are_followed_as_if_the_context_were_the_root() {
    let places = places();
    let context = places.path().join("c");
    for (link, target) in [
        ("link", "a/b/file"),
        ("absolute", "/a/b/file"),
        ("dir", "a"),
        ("a/up", "../../../../a/b"),
        ("out", "/../../a/b/file"),
        ("chain", "dir/up/../b/./file"),
    ] {
        symlink(target, context.join(link)).unwrap();
    }
    for (path, expected) in [
        ("", ""),
        ("/", ""),
        ("a/b/file", "a/b/file"),
        ("../../a/b", "a/b"),
        ("link", "a/b/file"),
        ("absolute", "a/b/file"),
        ("dir/b/file", "a/b/file"),
        ("dir/up/file", "a/b/file"),
        ("out", "a/b/file"),
        ("chain", "a/b/file"),
    ] {
        assert_eq!(resolved(&context, path).unwrap(), expected, "{path}");
    }
}

#[test]
fn nothing_outside_is_reached() {
    let places = places();
    let context = places.path().join("c");
    let secret = places.path().join("secret");
    symlink("../secret", context.join("relative")).unwrap();
    symlink(&secret, context.join("absolute")).unwrap();
    symlink("..", context.join("parent")).unwrap();
    for path in ["relative", "absolute", "parent/secret", "../secret", "a/b/file/x"] {
        let error = resolved(&context, path).unwrap_err();
        assert!(
            matches!(error, ResolveError::Missing { is_ignored: false }),
            "{path}: {error:?}"
        );
    }
    // The parent of the root is the root.
    assert_eq!(resolved(&context, "parent/a").unwrap(), "a");
}

#[test]
fn circles_end() {
    let places = places();
    let context = places.path().join("c");
    symlink("two", context.join("one")).unwrap();
    symlink("one", context.join("two")).unwrap();
    symlink("grows/x", context.join("grows")).unwrap();
    for path in ["one", "grows"] {
        assert!(matches!(resolved(&context, path), Err(ResolveError::Loop)), "{path}");
    }
}

#[test]
fn what_is_ignored_is_not_there() {
    let places = places();
    let context = places.path().join("c");
    symlink("a/b/file", context.join("to-ignored")).unwrap();
    symlink("dir-link/b/file", context.join("by-way-of")).unwrap();
    symlink("a", context.join("dir-link")).unwrap();
    let root = DiskDirectory::root(&context).unwrap();
    let missing = |rules: &str, path: &str| {
        let ignore = Ignore::parse(rules.as_bytes()).unwrap();
        match resolve(&root, &ignore, &names_from_root(path.as_bytes())) {
            Ok(_) => None,
            Err(ResolveError::Missing { is_ignored }) => Some(is_ignored),
            Err(error) => panic!("{error:?}"),
        }
    };
    assert_eq!(missing("a", "a/b/file"), Some(true));
    assert_eq!(missing("a", "to-ignored"), Some(true));
    assert_eq!(missing("dir-link", "by-way-of"), Some(true));
    // A rule is about where a file is, not about a way to it.
    assert_eq!(missing("dir-link/b", "by-way-of"), None);
    // A directory is there as the way to what was brought back.
    assert_eq!(missing("a\n!a/b/file", "a"), None);
    assert_eq!(missing("a\n!a/b/other", "a"), Some(true));
    assert_eq!(missing("**\n!a/b", "a/b/file"), None);
    assert_eq!(missing("**", "nothing"), Some(false));
}
