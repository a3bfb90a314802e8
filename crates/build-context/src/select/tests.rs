//! What is selected, and which directories are read for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::directory::{DiskDirectory, Watched, sorted_names};
use crate::pattern::Hits;

/// Makes files, and directories for names with a slash at the end.
fn tree(names: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in names {
        let path = root.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
    }
    root
}

fn paths(parts: &[Part]) -> Vec<String> {
    let path = |entry: &Found| String::from_utf8_lossy(&entry.path).into_owned();
    parts.iter().flat_map(|part| part.entries.iter().map(path)).collect()
}

fn selected(root: &dyn Directory, rules: &str, sources: &[&str], options: &SelectOptions) -> Vec<String> {
    let ignore = Ignore::parse(rules.as_bytes()).unwrap();
    paths(&select(root, &ignore, sources, options).unwrap())
}

fn copied(root: &Path, sources: &[&str]) -> Vec<String> {
    let root = DiskDirectory::root(root).unwrap();
    selected(&root, "", sources, &SelectOptions::default())
}

fn error(root: &Path, rules: &str, source: &str) -> SelectError {
    let root = DiskDirectory::root(root).unwrap();
    let ignore = Ignore::parse(rules.as_bytes()).unwrap();
    select(&root, &ignore, &[source], &SelectOptions::default()).unwrap_err()
}

#[test]
fn files_have_their_names_and_directories_their_content() {
    let root = tree(&["a.txt", "b.txt", "d/x", "d/e/y", "d/empty/"]);
    symlink("a.txt", root.path().join("link")).unwrap();
    symlink("../a.txt", root.path().join("d/inner")).unwrap();
    symlink("d", root.path().join("dir-link")).unwrap();
    let content = ["e", "e/y", "empty", "inner", "x"];
    assert_eq!(copied(root.path(), &["d"]), content);
    assert_eq!(copied(root.path(), &["./d/"]), content);
    assert_eq!(copied(root.path(), &["dir-link"]), content);
    assert_eq!(
        copied(root.path(), &["*.txt", "link", "dir-link/x"]),
        ["a.txt", "b.txt", "link", "x"]
    );
    assert_eq!(copied(root.path(), &["[bl]*"]), ["b.txt", "link"]);
    assert_eq!(copied(root.path(), &["/d/e/.."]), content);
    assert_eq!(copied(root.path(), &["nothing*", "a.txt"]), ["a.txt"]);
    assert_eq!(copied(root.path(), &["nothing*"]), [""; 0]);
    // A link below what is copied stays one; one that is named does not.
    let root = DiskDirectory::root(root.path()).unwrap();
    let parts = select(&root, &Ignore::default(), &["d", "link"], &SelectOptions::default()).unwrap();
    assert!(matches!(&parts[0].entries[3].detail, Detail::Symlink { target } if target == b"../a.txt"));
    assert!(parts[1].entries[0].is_file());
    assert_eq!(parts[1].base, b"a.txt");
}

#[test]
fn patterns_match_across_directories_and_not_behind_links() {
    let root = tree(&["a/x.c", "a/y.h", "b/x.c", "b/deep/x.c", "x.c"]);
    symlink("a", root.path().join("l")).unwrap();
    assert_eq!(copied(root.path(), &["*/x.c"]), ["x.c", "x.c"]);
    assert_eq!(copied(root.path(), &["b/**/x.c"]), ["x.c"]);
    assert_eq!(copied(root.path(), &["l/*.c"]), ["x.c"]);
    assert_eq!(copied(root.path(), &["[l]"]), ["x.c", "y.h"]);
    assert_eq!(copied(root.path(), &["a[^b]x.c"]), ["x.c"]);
}

#[test]
fn what_is_missing_says_whether_it_is_ignored() {
    let root = tree(&["a/b", "c"]);
    symlink("nowhere", root.path().join("dangling")).unwrap();
    for (rules, source, path, ignored) in [
        ("", "x/y", "/x/y", false),
        ("", "../x", "/x", false),
        ("c", "c", "/c", true),
        ("a", "./a/b", "/a/b", true),
        ("", "dangling", "/dangling", false),
        ("", "d*g", "/dangling", false),
        ("", "x/*", "/x", false),
    ] {
        match error(root.path(), rules, source) {
            SelectError::NotFound {
                source_path,
                is_ignored,
                ..
            } => assert_eq!((source_path.as_str(), is_ignored), (path, ignored)),
            error => panic!("{source}: {error}"),
        }
    }
    assert_eq!(
        error(root.path(), "c", "c").to_string(),
        "\"/c\": not found (it is ignored)"
    );
    assert!(matches!(error(root.path(), "", "[a"), SelectError::BadPattern { .. }));
    let root = DiskDirectory::root(root.path()).unwrap();
    let options = SelectOptions::default();
    let error = select(&root, &Ignore::default(), &["a", "z", "y", "n*"], &options).unwrap_err();
    assert_eq!(error.to_string(), "\"/y\": not found");
}

#[test]
fn ignored_directories_come_back_with_what_is_brought_back() {
    let root = tree(&["d/a", "d/keep/x", "d/other/y", "e/z", "d/empty/"]);
    let root = DiskDirectory::root(root.path()).unwrap();
    let options = SelectOptions::default();
    let all = |rules| selected(&root, rules, &["."], &options);
    assert_eq!(all("d\n!d/keep/x"), ["d", "d/keep", "d/keep/x", "e", "e/z"]);
    assert_eq!(all("d\n!d/keep"), ["d", "d/keep", "d/keep/x", "e", "e/z"]);
    assert_eq!(all("d\n!d/nothing"), ["e", "e/z"]);
    assert_eq!(all("d/*\n!d/keep"), ["d", "d/keep", "d/keep/x", "e", "e/z"]);
    assert_eq!(all("**"), [""; 0]);
    assert_eq!(all("*\n!**/y"), ["d", "d/other", "d/other/y"]);
    assert_eq!(selected(&root, "d\n!d/keep/x", &["d"], &options), ["keep", "keep/x"]);
    assert_eq!(
        selected(&root, "d\n!d/keep/x", &["*"], &options),
        ["keep", "keep/x", "z"]
    );
}

#[test]
fn exclusions_are_about_what_is_below_a_source() {
    let root = tree(&["app/a.txt", "app/sub/a.txt", "app/sub/keep.txt", "app/b.c", "top.txt"]);
    let root = DiskDirectory::root(root.path()).unwrap();
    let excluding = |exclude: &[&str], source: &str| {
        let options = SelectOptions {
            exclude: exclude.iter().map(|pattern| (*pattern).to_owned()).collect(),
            parents: false,
        };
        selected(&root, "", &[source], &options)
    };
    assert_eq!(
        excluding(&["*.txt"], "app"),
        ["b.c", "sub", "sub/a.txt", "sub/keep.txt"]
    );
    assert_eq!(excluding(&["**/*.txt"], "app"), ["b.c", "sub"]);
    assert_eq!(
        excluding(&["sub", "!sub/keep.txt"], "app"),
        ["a.txt", "b.c", "sub", "sub/keep.txt"]
    );
    assert_eq!(excluding(&["*"], "a*"), [""; 0]);
    assert_eq!(excluding(&["*.txt"], "top.txt"), ["top.txt"]);
}

#[test]
fn parents_are_selected_from_the_root_or_from_the_pivot() {
    let root = tree(&["a/b/c/d/e/bay", "a/b/c/d/foo", "a/b/c2/d/e/baz", "a/b2/c/d/e/bar", "z"]);
    let root = DiskDirectory::root(root.path()).unwrap();
    let options = SelectOptions {
        parents: true,
        ..SelectOptions::default()
    };
    let parents = |source: &str| selected(&root, "", &[source], &options);
    assert_eq!(
        parents("a/b2/c/d/e/bar"),
        ["a", "a/b2", "a/b2/c", "a/b2/c/d", "a/b2/c/d/e", "a/b2/c/d/e/bar"]
    );
    assert_eq!(parents("a/b/./c/d"), ["c", "c/d", "c/d/e", "c/d/e/bay", "c/d/foo"]);
    assert_eq!(parents("a/./*/c2"), ["b", "b/c2", "b/c2/d", "b/c2/d/e", "b/c2/d/e/baz"]);
    assert_eq!(
        parents("a/b*/./c/**/e"),
        ["c", "c/d", "c/d/e", "c/d/e/bay", "c", "c/d", "c/d/e", "c/d/e/bar"]
    );
    assert_eq!(parents("a/b9*/c"), [""; 0]);
    let missing = select(&root, &Ignore::default(), &["a/./nothing"], &options).unwrap_err();
    assert_eq!(missing.to_string(), "\"/a/nothing\": not found");
}

#[test]
fn only_directories_that_are_named_are_read() {
    let root = tree(&["src/lib/a.c", "src/lib/b.h", "node_modules/x/y", "docs/z", "one"]);
    let watched = Watched::root(root.path());
    let options = SelectOptions::default();
    let read = |rules, source| {
        selected(&watched, rules, &[source], &options);
        watched.taken()
    };
    assert_eq!(read("", "one"), [""; 0]);
    assert_eq!(read("*\n!one", "one"), [""; 0]);
    assert_eq!(read("", "src/lib/a.c"), ["enter /src", "enter /src/lib"]);
    assert_eq!(read("", "*.c"), ["list "]);
    assert_eq!(
        read("", "src/*/a.c"),
        [
            "enter /src",
            "list /src",
            "enter /src/lib",
            "list /src/lib",
            "enter /src",
            "enter /src/lib"
        ]
    );
    assert_eq!(
        read("node_modules\n!docs/z\ndocs", "."),
        ["list ", "enter /src", "list /src", "enter /src/lib", "list /src/lib"]
    );
    assert_eq!(
        read("node_modules\n!node_modules/x/keep\ndocs\nsrc", "."),
        [
            "list ",
            "enter /node_modules",
            "list /node_modules",
            "enter /node_modules/x",
            "list /node_modules/x"
        ]
    );
    let options = SelectOptions {
        parents: true,
        ..options
    };
    selected(&watched, "", &["src/**/b.h"], &options);
    let read = watched.taken();
    assert!(
        read.iter().all(|line| line == "list " || line.contains("/src")),
        "{read:?}"
    );
}

#[test]
fn sockets_are_left_out_and_fifos_are_kept() {
    let root = tree(&["a"]);
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.path().join("fifo"))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(copied(root.path(), &["."]), ["a", "fifo"]);
    assert!(matches!(
        error(root.path(), "", "socket"),
        SelectError::NotFound { is_ignored: false, .. }
    ));
}

/// What a walk of all files without any short cut finds.
fn slowly(
    root: &dyn Directory,
    ignore: &Ignore,
    path: &[u8],
    hits: &Hits,
    exclude: (&PatternList, &Hits),
) -> Vec<String> {
    let mut found = Vec::new();
    for name in sorted_names(root).unwrap() {
        let path = crate::path::join(path, &name);
        let hits = ignore.hits(hits, &path);
        let excluded = exclude.0.hits(exclude.1, &path);
        let mut inner = Vec::new();
        let mut is_present = !hits.is_matched;
        if let Ok(directory) = root.enter(&name) {
            inner = slowly(&*directory, ignore, &path, &hits, (exclude.0, &excluded));
            let all = (&PatternList::default(), &Hits::default());
            is_present |= !slowly(&*directory, ignore, &path, &hits, all).is_empty();
        }
        if is_present && (!excluded.is_matched || !inner.is_empty()) {
            found.push(String::from_utf8(path).unwrap());
            found.extend(inner);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn short_cuts_change_nothing(
        files in proptest::collection::vec("[ab](/[ab]){0,3}/f", 1..6),
        rules in proptest::collection::vec("!?[ab*?](/[abf*]|/\\*\\*){0,3}", 0..5),
        exclude in proptest::collection::vec("!?[ab*](/[abf*]){0,2}", 0..3),
    ) {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let files = tree(&files);
        let root = DiskDirectory::root(files.path()).unwrap();
        let ignore = Ignore::parse(rules.join("\n").as_bytes()).unwrap();
        let mut excluded = PatternList::default();
        for pattern in &exclude {
            excluded.add(pattern.as_bytes()).unwrap();
        }
        let options = SelectOptions { exclude, parents: false };
        let parts = select(&root, &ignore, &["."], &options).unwrap();
        let none = Hits::default();
        prop_assert_eq!(paths(&parts), slowly(&root, &ignore, b"", &none, (&excluded, &none)));
    }
}
