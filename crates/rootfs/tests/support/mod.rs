//! Disks for the tests, and a model of what overlayfs writes on them.

#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod stack;

use std::collections::BTreeMap;
use std::fs::File;

use container_ext4::{DeviceNumber, Metadata, Options, Room, Timestamp, Writer, Xattr};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Directory { mode: u16 },
    File(u8),
}

/// What is on the disk of one level of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OnDisk {
    Directory { mode: u16, is_opaque: bool },
    File(u8),
    Whiteout,
}

/// Paths without a slash at their start.
pub(crate) type Tree = BTreeMap<String, Item>;
pub(crate) type Level = BTreeMap<String, OnDisk>;

/// What a program does.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Write(String, u8),
    MakeDirectory(String, u16),
    Remove(String),
    ChangeMode(String, u16),
}

fn below<T>(tree: &BTreeMap<String, T>, path: &str) -> Vec<String> {
    let prefix = format!("{path}/");
    let names = tree.keys().filter(|name| name.starts_with(&prefix) || *name == path);
    names.cloned().collect()
}

fn parents(path: &str) -> Vec<String> {
    path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect()
}

/// The tree after the operations on `tree`, and what overlayfs writes about them on a level above it.
pub(crate) fn run(tree: &Tree, operations: &[Operation]) -> (Tree, Level) {
    let (mut merged, mut level) = (tree.clone(), Level::new());
    for operation in operations {
        let path = match operation {
            Operation::Write(path, _)
            | Operation::MakeDirectory(path, _)
            | Operation::Remove(path)
            | Operation::ChangeMode(path, _) => path,
        };
        let is_directory = |path: &String| matches!(merged.get(path), Some(Item::Directory { .. }));
        if !parents(path).iter().all(is_directory) {
            continue;
        }
        let exists = merged.get(path).cloned();
        match (operation, exists) {
            (Operation::Write(..), Some(Item::Directory { .. }))
            | (Operation::MakeDirectory(..), Some(_))
            | (Operation::Remove(_), None)
            | (Operation::ChangeMode(..), None | Some(Item::File(_))) => continue,
            _ => {}
        }
        for parent in parents(path) {
            let Some(Item::Directory { mode }) = merged.get(&parent).cloned() else {
                unreachable!("looked at before");
            };
            let is_opaque = false;
            level.entry(parent).or_insert(OnDisk::Directory { mode, is_opaque });
        }
        // What the levels below have here, unless a directory of this one hides it.
        let is_hidden = parents(path)
            .iter()
            .any(|parent| matches!(level.get(parent), Some(OnDisk::Directory { is_opaque: true, .. })));
        let is_below = tree.contains_key(path) && !is_hidden;
        match operation {
            Operation::Write(path, content) => {
                level.insert(path.clone(), OnDisk::File(*content));
                merged.insert(path.clone(), Item::File(*content));
            }
            Operation::MakeDirectory(path, mode) => {
                let is_opaque = level.get(path) == Some(&OnDisk::Whiteout);
                level.insert(path.clone(), OnDisk::Directory { mode: *mode, is_opaque });
                merged.insert(path.clone(), Item::Directory { mode: *mode });
            }
            Operation::ChangeMode(path, mode) => {
                let was_opaque = matches!(level.get(path), Some(OnDisk::Directory { is_opaque: true, .. }));
                let on_disk = OnDisk::Directory {
                    mode: *mode,
                    is_opaque: was_opaque,
                };
                level.insert(path.clone(), on_disk);
                merged.insert(path.clone(), Item::Directory { mode: *mode });
            }
            Operation::Remove(path) => {
                for name in below(&level, path) {
                    level.remove(&name);
                }
                for name in below(&merged, path) {
                    merged.remove(&name);
                }
                if is_below {
                    level.insert(path.clone(), OnDisk::Whiteout);
                }
            }
        }
    }
    (merged, level)
}

pub(crate) fn metadata(mode: u16) -> Metadata {
    Metadata {
        mode,
        modified: Timestamp {
            seconds: 1_700_000_000,
            nanoseconds: 5,
        },
        ..Metadata::default()
    }
}

/// What files of this content say.
pub(crate) fn bytes(content: u8) -> Vec<u8> {
    vec![content; usize::from(content) * 40]
}

/// Makes a read-only disk.
pub(crate) fn disk(build: impl FnOnce(&mut Writer<&File>)) -> File {
    disk_with(Options::default(), build)
}

/// Makes a disk that can be written to.
pub(crate) fn writable_disk(build: impl FnOnce(&mut Writer<&File>)) -> File {
    let options = Options {
        capacity_bytes: 64 << 20,
        label: "container".to_owned(),
        room: Some(Room {
            journal_bytes: 4 << 20,
            ..Room::default()
        }),
        ..Options::default()
    };
    disk_with(options, build)
}

fn disk_with(options: Options, build: impl FnOnce(&mut Writer<&File>)) -> File {
    let file = tempfile::tempfile().unwrap();
    let mut writer = Writer::new(&file, tempfile::tempfile().unwrap(), options).unwrap();
    writer.directory(b"/", metadata(0o755)).unwrap();
    build(&mut writer);
    writer.finish(*b"0123456789abcdef").unwrap();
    file
}

pub(crate) fn xattr(name: &[u8], value: &[u8]) -> Xattr {
    Xattr {
        name: name.to_vec(),
        value: value.to_vec(),
    }
}

pub(crate) fn write_file(writer: &mut Writer<&File>, path: &str, content: &[u8], metadata: Metadata) {
    let mut file = writer.file(path.as_bytes(), metadata).unwrap();
    file.append(content).unwrap();
    file.finish().unwrap();
}

/// The disk of a level, with its entries below `prefix`.
pub(crate) fn disk_of(level: &Level, prefix: &str) -> File {
    let make = if prefix.is_empty() { disk } else { writable_disk };
    make(|writer: &mut Writer<&File>| {
        if !prefix.is_empty() {
            writer.directory(prefix.as_bytes(), metadata(0o755)).unwrap();
            writer.directory(b"work/work", metadata(0)).unwrap();
        }
        for (path, item) in level {
            let path = format!("{prefix}/{path}");
            match item {
                OnDisk::Directory { mode, is_opaque } => {
                    let mut metadata = metadata(*mode);
                    if *is_opaque {
                        metadata.xattrs.push(xattr(b"trusted.overlay.opaque", b"y"));
                    }
                    metadata.xattrs.push(xattr(b"trusted.overlay.origin", b"x"));
                    writer.directory(path.as_bytes(), metadata).unwrap();
                }
                OnDisk::File(content) => write_file(writer, &path, &bytes(*content), metadata(0o644)),
                OnDisk::Whiteout => {
                    let device = DeviceNumber { major: 0, minor: 0 };
                    writer.character_device(path.as_bytes(), device, metadata(0)).unwrap();
                }
            }
        }
    })
}
