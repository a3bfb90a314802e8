//! Random trees, kept as a model and read back from the disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::{BLOCK_SIZES, image_with, metadata};

#[derive(Debug, Clone)]
enum Step {
    Directory(String),
    File(String, Vec<u8>),
    Symlink(String, usize),
    Link(String, String),
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[abc]", 1..4).prop_map(|names| names.join("/"))
}

fn step() -> impl Strategy<Value = Step> {
    let content = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        (1..300_000_usize, any::<u8>()).prop_map(|(size, byte)| vec![byte; size]),
    ];
    prop_oneof![
        path().prop_map(Step::Directory),
        (path(), content).prop_map(|(path, content)| Step::File(path, content)),
        (path(), 1..1024_usize).prop_map(|(path, length)| Step::Symlink(path, length)),
        (path(), path()).prop_map(|(path, target)| Step::Link(path, target)),
    ]
}

#[derive(Debug, Clone, PartialEq)]
enum Held {
    Directory,
    File(Vec<u8>),
    Symlink(usize),
}

/// What the tree should be. `None` when a parent is not a directory, so that the step fails.
fn parents_are_directories(model: &BTreeMap<String, Held>, path: &str) -> bool {
    path.match_indices('/')
        .all(|(at, _)| matches!(model.get(&path[..at]), None | Some(Held::Directory)))
}

fn put(model: &mut BTreeMap<String, Held>, path: &str, held: Held) {
    for (at, _) in path.match_indices('/') {
        model.insert(path[..at].to_owned(), Held::Directory);
    }
    if held != Held::Directory || model.get(path) != Some(&Held::Directory) {
        let below = format!("{path}/");
        model.retain(|other, _| other != path && !other.starts_with(&below));
    }
    model.insert(path.to_owned(), held);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_written_is_what_was_added(
        steps in proptest::collection::vec(step(), 0..40),
        block_size in proptest::sample::select(&BLOCK_SIZES[..]),
    ) {
        let mut model = BTreeMap::new();
        let image = image_with(block_size, |writer| {
            for step in &steps {
                let (Step::Directory(path) | Step::File(path, _) | Step::Symlink(path, _) | Step::Link(path, _)) = step;
                // Links on the way would be followed, which the model does not know.
                if !parents_are_directories(&model, path) {
                    continue;
                }
                match step {
                    Step::Directory(path) => {
                        writer.directory(path.as_bytes(), metadata(0o755)).unwrap();
                        put(&mut model, path, Held::Directory);
                    }
                    Step::File(path, content) => {
                        let mut file = writer.file(path.as_bytes(), metadata(0o644)).unwrap();
                        file.append(content).unwrap();
                        file.finish().unwrap();
                        put(&mut model, path, Held::File(content.clone()));
                    }
                    Step::Symlink(path, length) => {
                        // A target that leads nowhere.
                        writer.symlink(path.as_bytes(), &vec![b't'; *length], metadata(0o777)).unwrap();
                        put(&mut model, path, Held::Symlink(*length));
                    }
                    Step::Link(path, target) => {
                        let held = model.get(target).cloned().filter(|held| *held != Held::Directory);
                        if let Some(held) = held {
                            writer.hard_link(path.as_bytes(), target.as_bytes()).unwrap();
                            if path != target {
                                put(&mut model, path, held);
                            }
                        }
                    }
                }
            }
        });
        let reader = image.reader();
        let mut found = BTreeMap::new();
        let mut pending = vec![(String::new(), reader.inode(2))];
        while let Some((path, directory)) = pending.pop() {
            for (name, (number, _)) in reader.entries(&directory) {
                let path = format!("{path}/{}", String::from_utf8(name).unwrap());
                let inode = reader.inode(number);
                let held = match inode.mode() >> 12 {
                    4 => Held::Directory,
                    8 => Held::File(reader.content(&inode)),
                    _ => Held::Symlink(reader.symlink(&inode).len()),
                };
                if held == Held::Directory {
                    pending.push((path.clone(), inode));
                }
                found.insert(path[1..].to_owned(), held);
            }
        }
        prop_assert_eq!(found, model);
    }
}
