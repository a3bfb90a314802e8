//! What is read, and what is looked up.

use std::fs;

use super::*;
use crate::directory::Watched;
use crate::ignore::Ignore;
use crate::select::{SelectOptions, select};

const CONTEXT: &[u8] = b"/context";

/// A context of so many files.
fn files(count: usize) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for number in 0..count {
        fs::write(root.path().join(format!("{number:03}")), "content").unwrap();
    }
    root
}

fn all(root: &Watched) -> Vec<Part> {
    select(root, &Ignore::default(), &["."], &SelectOptions::default()).unwrap()
}

#[test]
fn content_that_is_known_is_not_read() {
    let files = files(100);
    let root = Watched::root(files.path());
    let parts = all(&root);
    root.taken();
    let mut cache = StatCache::in_memory();
    for entry in &parts[0].entries {
        if entry.path != b"042" {
            cache.note(key(CONTEXT, &entry.path, &entry.status), [7; 32]);
        }
    }
    let contents = fingerprints(&root, Some(CONTEXT), &parts, &mut cache).unwrap();
    assert_eq!(root.taken(), ["open /042"]);
    assert_eq!(contents.len(), 100);
    assert_eq!(contents[&(0, 7)], [7; 32]);
    assert_ne!(contents[&(0, 42)], [7; 32]);
    // Of another context, and of a tar, nothing is known.
    for context in [Some(b"/other".as_slice()), None] {
        fingerprints(&root, context, &parts, &mut cache).unwrap();
        assert_eq!(root.taken().len(), 100);
    }
}

#[test]
fn a_few_files_are_read_without_a_look_into_the_cache() {
    let files = files(3);
    let root = Watched::root(files.path());
    let parts = all(&root);
    let mut cache = StatCache::in_memory();
    for entry in &parts[0].entries {
        cache.note(key(CONTEXT, &entry.path, &entry.status), [7; 32]);
    }
    let contents = fingerprints(&root, Some(CONTEXT), &parts, &mut cache).unwrap();
    assert!(contents.values().all(|fingerprint| *fingerprint != [7; 32]));
}

#[test]
fn the_first_file_that_cannot_be_read_is_the_error() {
    let files = files(200);
    let root = Watched::root(files.path());
    let parts = all(&root);
    for number in [190, 70, 130] {
        fs::remove_file(files.path().join(format!("{number:03}"))).unwrap();
    }
    for _ in 0..8 {
        let error = fingerprints(&root, None, &parts, &mut StatCache::in_memory()).unwrap_err();
        assert!(
            matches!(&error, ContentError::Changed { path } if path == b"070"),
            "{error}"
        );
    }
}
