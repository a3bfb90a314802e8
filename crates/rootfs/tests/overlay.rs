//! Stacks of disks, as random operations leave them, against a model of overlayfs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::collections::BTreeMap;

use container_rootfs::{ChangeKind, RootView};
use container_tar::{EntryKind, Writer};
use proptest::prelude::*;
use support::stack::{archive, members, operation, stack, tree_of};
use support::{Item, Tree};

fn layer(view: &RootView) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    view.write_layer(&mut writer).unwrap();
    writer.finish().unwrap()
}

/// What a layer makes of a tree, by the specification of images.
fn extract(tree: &mut Tree, tar: &[u8]) {
    let mut new = Tree::new();
    let mut hidden: Vec<String> = Vec::new();
    let split = |name: &str| match name.rsplit_once('/') {
        Some((directory, last)) => (format!("{directory}/"), last.to_owned()),
        None => (String::new(), name.to_owned()),
    };
    for (name, (mode, kind, content)) in members(tar) {
        let (directory, last) = split(&name);
        match (last.as_str(), kind) {
            (".wh..wh..opq", _) => hidden.push(directory),
            (marked, _) if marked.starts_with(".wh.") => {
                let hides = format!("{directory}{}", &marked[4..]);
                assert!(tree.remove(&hides).is_some());
                hidden.push(format!("{hides}/"));
            }
            (_, EntryKind::Directory) => {
                new.insert(name, Item::Directory { mode });
            }
            _ => {
                hidden.push(format!("{name}/"));
                new.insert(name, Item::File(content.first().copied().unwrap_or(0)));
            }
        }
    }
    tree.retain(|name, _| !hidden.iter().any(|directory| name.starts_with(directory)));
    tree.extend(new);
}

/// What differs between two trees.
fn differences(image: &Tree, tree: &Tree) -> BTreeMap<String, ChangeKind> {
    let mut found = BTreeMap::new();
    let gone = |name: &str| image.contains_key(name) && !tree.contains_key(name);
    for name in image.keys().filter(|name| gone(name)) {
        // What was in a directory that is gone is not named.
        if !name
            .rsplit_once('/')
            .is_some_and(|(parent, _)| !matches!(tree.get(parent), Some(Item::Directory { .. })))
        {
            found.insert(name.clone(), ChangeKind::Deleted);
        }
    }
    for (name, item) in tree {
        match image.get(name) {
            None => found.insert(name.clone(), ChangeKind::Added),
            Some(before) if before != item => found.insert(name.clone(), ChangeKind::Modified),
            Some(_) => None,
        };
    }
    for name in found.keys().cloned().collect::<Vec<_>>() {
        for (at, _) in name.match_indices('/') {
            found.entry(name[..at].to_owned()).or_insert(ChangeKind::Modified);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_stack_shows_what_was_done(
        levels in proptest::collection::vec(proptest::collection::vec(operation(), 0..14), 1..5),
    ) {
        // Without any layer the image is an empty directory.
        let levels = [vec![Vec::new()], levels].concat();
        let (view, tree, image) = stack(&levels);
        prop_assert_eq!(tree_of(&archive(&view)), tree.clone());
        for (path, item) in &tree {
            let entry = view.stat(path.as_bytes(), false).unwrap();
            prop_assert_eq!(entry.is_directory(), matches!(item, Item::Directory { .. }));
        }

        let tar = layer(&view);
        let mut extracted = image.clone();
        extract(&mut extracted, &tar);
        prop_assert_eq!(&extracted, &tree);

        let changes = view.changes().unwrap();
        prop_assert!(changes.is_sorted_by_key(|change| &change.path));
        let named: BTreeMap<String, ChangeKind> = changes
            .into_iter()
            .map(|change| (String::from_utf8(change.path[1..].to_vec()).unwrap(), change.kind))
            .collect();
        let expected = differences(&image, &tree);
        for (path, kind) in &expected {
            prop_assert_eq!(named.get(path), Some(kind), "{}", path);
        }
        // Files that were written anew with the same content, and directories that were made anew, are named too.
        for (path, kind) in named.iter().filter(|(path, _)| !expected.contains_key(*path)) {
            prop_assert_eq!(*kind, ChangeKind::Modified, "{}", path);
            prop_assert!(tree.contains_key(path));
        }
    }
}
