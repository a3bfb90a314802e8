//! Stacks of disks as operations leave them, and what tars of them have.

use std::collections::BTreeMap;
use std::fs::File;

use container_rootfs::{ArchiveOptions, RootView};
use container_tar::{EntryKind, Reader, Writer};
use proptest::prelude::*;

use super::{Item, Operation, Tree, bytes, disk_of, run};

pub(crate) fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(vec!["a", "b", "c"]), 1..4).prop_map(|names| names.join("/"))
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    let mode = || proptest::sample::select(vec![0o755, 0o700, 0o1777]);
    prop_oneof![
        3 => (path(), 0..=255_u8).prop_map(|(path, content)| Operation::Write(path, content)),
        4 => (path(), mode()).prop_map(|(path, mode)| Operation::MakeDirectory(path, mode)),
        3 => path().prop_map(Operation::Remove),
        1 => (path(), mode()).prop_map(|(path, mode)| Operation::ChangeMode(path, mode)),
    ]
}

/// A stack with the operations of one level after the other, what it shows, and what it showed without the uppermost one.
pub(crate) fn stack(levels: &[Vec<Operation>]) -> (RootView, Tree, Tree) {
    let (layers, writable, tree, image) = disks(levels);
    let view = RootView::open(layers, Some(writable), Vec::new()).unwrap();
    (view, tree, image)
}

/// The disks of that stack.
pub(crate) fn disks(levels: &[Vec<Operation>]) -> (Vec<File>, File, Tree, Tree) {
    let mut trees = vec![Tree::new()];
    let mut layers = Vec::new();
    let (upper, lower) = levels.split_last().unwrap();
    for operations in lower {
        let (tree, level) = run(trees.last().unwrap(), operations);
        layers.push(disk_of(&level, ""));
        trees.push(tree);
    }
    let image = trees.pop().unwrap();
    let (tree, level) = run(&image, upper);
    (layers, disk_of(&level, "upper"), tree, image)
}

/// Members of a tar, by name: mode, kind, content.
pub(crate) fn members(tar: &[u8]) -> BTreeMap<String, (u16, EntryKind, Vec<u8>)> {
    let mut reader = Reader::new(tar);
    let mut members = BTreeMap::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        assert!(entry.xattrs.is_empty());
        let mut content = Vec::new();
        loop {
            let piece = reader.content().unwrap();
            let length = piece.len();
            if length == 0 {
                break;
            }
            content.extend_from_slice(piece);
            reader.consume(length);
        }
        let name = String::from_utf8(entry.path).unwrap().trim_end_matches('/').to_owned();
        assert!(members.insert(name, (entry.mode, entry.kind, content)).is_none());
    }
    members
}

/// The tree that a tar makes.
pub(crate) fn tree_of(tar: &[u8]) -> Tree {
    let items = members(tar)
        .into_iter()
        .map(|(name, (mode, kind, content))| match kind {
            EntryKind::Directory => (name, Item::Directory { mode }),
            EntryKind::File { .. } => {
                let number = content.first().copied().unwrap_or(0);
                assert!(content == bytes(number));
                (name, Item::File(number))
            }
            other => panic!("{other:?}"),
        });
    items.collect()
}

pub(crate) fn archive(view: &RootView) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    view.archive(b"/", b"", ArchiveOptions::default(), &mut writer).unwrap();
    writer.finish().unwrap()
}
