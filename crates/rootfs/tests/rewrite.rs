//! Writing into the root of a stopped container.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fs::File;
use std::process::Command;

use container_ext4::{FormatOptions, Journal, Metadata, Timestamp, format_writable};
use container_rootfs::{DiskRole, Mount, RewriteError, RewriteOptions, RootError, RootView};
use container_tar::{Entry, EntryKind, Reader, Region, Writer};
use proptest::prelude::*;
use support::stack::{archive, disks, operation, tree_of};
use support::{Item, Operation, Tree, bytes, disk, metadata, writable_disk, write_file};

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry {
        path: path.into(),
        kind,
        mode: 0o644,
        uid: 3,
        gid: 4,
        modified: container_tar::Timestamp {
            seconds: 1_600_000_000,
            nanoseconds: 9,
        },
        xattrs: Vec::new(),
    }
}

fn file(path: &str, content: &[u8]) -> (Entry, Vec<u8>) {
    let size_bytes = content.len() as u64;
    let regions = None;
    (entry(path, EntryKind::File { size_bytes, regions }), content.to_vec())
}

fn directory(path: &str, mode: u16) -> (Entry, Vec<u8>) {
    let directory = Entry {
        mode,
        ..entry(path, EntryKind::Directory)
    };
    (directory, Vec::new())
}

fn tar(entries: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (entry, content) in entries {
        writer.begin(entry).unwrap();
        writer.content(content).unwrap();
    }
    writer.finish().unwrap()
}

/// The new disk, which e2fsck has looked at.
fn rewrite(
    view: &RootView,
    destination: &str,
    tar: &[u8],
    options: RewriteOptions,
) -> Result<(DiskRole, File), RewriteError> {
    let out = tempfile::NamedTempFile::new().unwrap();
    let scratch = tempfile::tempfile().unwrap();
    let mut reader = Reader::new(tar);
    let role = view.rewrite(destination.as_bytes(), &mut reader, options, out.as_file(), scratch)?;
    let check = Command::new("e2fsck").args(["-fn"]).arg(out.path()).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    Ok((role, out.reopen().unwrap()))
}

/// Puts what operations write into a tar, as far as it fits the tree, which changes with it.
fn unpack(tree: &mut Tree, operations: &[Operation]) -> Vec<(Entry, Vec<u8>)> {
    let mut entries = Vec::new();
    for operation in operations {
        let (Operation::Write(path, _) | Operation::MakeDirectory(path, _)) = operation else {
            continue;
        };
        let is_directory = |item: Option<&Item>| matches!(item, Some(Item::Directory { .. }));
        let parents: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
        let fits = |parent: &&str| tree.get(*parent).is_none() || is_directory(tree.get(*parent));
        if !parents.iter().all(fits) {
            continue;
        }
        let found = tree.get(path);
        let (item, new) = match operation {
            Operation::Write(path, content) => (Item::File(*content), file(path, &bytes(*content))),
            Operation::MakeDirectory(path, mode) => (Item::Directory { mode: *mode }, directory(path, *mode)),
            _ => continue,
        };
        if found.is_some() && is_directory(found) != matches!(item, Item::Directory { .. }) {
            continue;
        }
        for parent in parents {
            tree.entry(parent.to_owned()).or_insert(Item::Directory { mode: 0o755 });
        }
        tree.insert(path.clone(), item);
        entries.push(new);
    }
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_tar_is_unpacked_as_in_the_container(
        levels in proptest::collection::vec(proptest::collection::vec(operation(), 0..14), 1..4),
        written in proptest::collection::vec(operation(), 1..14),
    ) {
        let levels = [vec![Vec::new()], levels].concat();
        let (layers, writable, mut tree, _) = disks(&levels);
        let again: Vec<File> = layers.iter().map(|layer| layer.try_clone().unwrap()).collect();
        let view = RootView::open(layers, Some(writable), Vec::new()).unwrap();
        let tar = tar(&unpack(&mut tree, &written));
        let (role, disk) = rewrite(&view, "/", &tar, RewriteOptions::default()).unwrap();
        prop_assert_eq!(role, DiskRole::Writable);
        let new = RootView::open(again, Some(disk), Vec::new()).unwrap();
        prop_assert_eq!(tree_of(&archive(&new)), tree);
    }
}

/// A view of an image with some files, and of a container that has deleted one of its directories.
fn container() -> (RootView, impl Fn(File) -> RootView) {
    let layer = disk(|writer| {
        write_file(writer, "etc/hosts", b"hosts", metadata(0o600));
        writer.symlink(b"link", b"/etc", metadata(0o777)).unwrap();
        writer
            .symlink(b"etc/out", b"../../../etc/./new", metadata(0o777))
            .unwrap();
        write_file(writer, "gone/secret", b"secret", metadata(0o600));
    });
    let writable = writable_disk(|writer| {
        writer.directory(b"work/work", metadata(0)).unwrap();
        writer.directory(b"upper", metadata(0o755)).unwrap();
        let whiteout = container_ext4::DeviceNumber { major: 0, minor: 0 };
        writer.character_device(b"upper/gone", whiteout, metadata(0)).unwrap();
    });
    let again = layer.try_clone().unwrap();
    let view = RootView::open(vec![layer], Some(writable), Vec::new()).unwrap();
    let open = move |disk| RootView::open(vec![again.try_clone().unwrap()], Some(disk), Vec::new()).unwrap();
    (view, open)
}

fn content(view: &RootView, path: &str) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    view.archive(
        path.as_bytes(),
        b"x",
        container_rootfs::ArchiveOptions::default(),
        &mut writer,
    )
    .unwrap();
    let tar = writer.finish().unwrap();
    let mut reader = Reader::new(tar.as_slice());
    reader.next_entry().unwrap();
    reader.content().unwrap().to_vec()
}

#[test]
fn links_are_followed_and_stay_in_the_root() {
    let (view, open) = container();
    let entries = [
        file("link/a", b"a"),
        file("etc/out/b", b"b"),
        file("gone/c", b"c"),
        directory("gone/d", 0o700),
    ];
    let (_, disk) = rewrite(&view, "/", &tar(&entries), RewriteOptions::default()).unwrap();
    let new = open(disk);
    assert_eq!(content(&new, "/etc/a"), b"a");
    assert_eq!(content(&new, "/etc/new/b"), b"b");
    assert_eq!(content(&new, "/etc/hosts"), b"hosts");
    let is_there = |path: &[u8]| new.stat(path, false).is_ok();
    assert!(is_there(b"/gone/c") && is_there(b"/gone/d") && !is_there(b"/gone/secret"));
    assert_eq!(new.stat(b"/etc", false).unwrap().mode(), 0o755);
    let stat = new.stat(b"/etc/a", false).unwrap();
    assert_eq!((stat.mode(), stat.uid(), stat.gid()), (0o644, 3, 4));
    assert_eq!(
        (stat.modified().seconds, stat.modified().nanoseconds),
        (1_600_000_000, 9)
    );
}

#[test]
fn an_owner_can_be_given() {
    let (view, open) = container();
    let options = RewriteOptions {
        owner: Some((70_000, 8)),
    };
    let link = entry(
        "prefix/two",
        EntryKind::HardLink {
            target: b"prefix/one".to_vec(),
        },
    );
    let entries = [file("prefix/one", b"1"), (link, Vec::new())];
    let (_, disk) = rewrite(&view, "link", &tar(&entries), options).unwrap();
    let new = open(disk);
    let (one, two) = (
        new.stat(b"/etc/prefix/one", false).unwrap(),
        new.stat(b"/etc/prefix/two", false).unwrap(),
    );
    assert_eq!((one.uid(), one.gid(), one.links()), (70_000, 8, 2));
    assert_eq!(one.identity(), two.identity());
    assert_eq!(new.stat(b"/etc/prefix", false).unwrap().uid(), 70_000);
}

#[test]
fn directories_that_were_there_keep_their_owner_unless_those_of_the_tar_are_wanted() {
    let owned = |uid, gid| Metadata {
        uid,
        gid,
        ..metadata(0o700)
    };
    let layer = disk(|writer| {
        writer.directory(b"image", owned(5, 6)).unwrap();
        write_file(writer, "image/file", b"old", owned(5, 6));
        writer.directory(b"both", owned(5, 6)).unwrap();
    });
    let writable = writable_disk(|writer| {
        writer.directory(b"work/work", metadata(0)).unwrap();
        writer.directory(b"upper/own", owned(7, 8)).unwrap();
        writer.directory(b"upper/both", owned(9, 10)).unwrap();
    });
    let again = layer.try_clone().unwrap();
    let view = RootView::open(vec![layer], Some(writable), Vec::new()).unwrap();
    let entries = [
        directory("image", 0o751),
        file("image/file", b"new"),
        directory("own", 0o752),
        directory("both", 0o753),
        directory("new", 0o754),
        directory("new", 0o755),
    ];
    for (owner, expected) in [
        (
            Some((0, 1)),
            [
                (5, 6, 0o751),
                (0, 1, 0o644),
                (7, 8, 0o752),
                (9, 10, 0o753),
                (0, 1, 0o755),
            ],
        ),
        (
            None,
            [
                (3, 4, 0o751),
                (3, 4, 0o644),
                (3, 4, 0o752),
                (3, 4, 0o753),
                (3, 4, 0o755),
            ],
        ),
    ] {
        let options = RewriteOptions { owner };
        let (_, disk) = rewrite(&view, "/", &tar(&entries), options).unwrap();
        let new = RootView::open(vec![again.try_clone().unwrap()], Some(disk), Vec::new()).unwrap();
        let found = ["image", "image/file", "own", "both", "new"].map(|path| {
            let entry = new.stat(path.as_bytes(), false).unwrap();
            assert_eq!(entry.modified().seconds, 1_600_000_000, "{path}");
            (entry.uid(), entry.gid(), entry.mode())
        });
        assert_eq!(found, expected, "{owner:?}");
    }
}

#[test]
fn a_hard_link_to_a_file_of_the_image_copies_it_up() {
    let (view, open) = container();
    let link = entry(
        "link",
        EntryKind::HardLink {
            target: b"hosts".to_vec(),
        },
    );
    let (_, disk) = rewrite(&view, "/etc", &tar(&[(link, Vec::new())]), RewriteOptions::default()).unwrap();
    let new = open(disk);
    assert_eq!(content(&new, "/etc/link"), b"hosts");
    let identity = |path: &[u8]| new.stat(path, false).unwrap().identity();
    assert_eq!(identity(b"/etc/link"), identity(b"/etc/hosts"));
}

#[test]
fn every_kind_of_entry_is_unpacked() {
    let (view, open) = container();
    let device = container_tar::DeviceNumber { major: 1, minor: 300 };
    let sparse = EntryKind::File {
        size_bytes: 3 << 30,
        regions: Some(vec![Region {
            offset: 1 << 30,
            length: 4096,
        }]),
    };
    let mut marked = file("marked", b"m");
    marked.0.xattrs = vec![
        (b"user.note".to_vec(), b"n".to_vec()),
        (b"trusted.overlay.opaque".to_vec(), b"y".to_vec()),
        (b"system.unknown".to_vec(), b"u".to_vec()),
    ];
    let entries = [
        (
            entry(
                "symlink",
                EntryKind::Symlink {
                    target: b"../away".to_vec(),
                },
            ),
            Vec::new(),
        ),
        (entry("character", EntryKind::CharacterDevice(device)), Vec::new()),
        (entry("block", EntryKind::BlockDevice(device)), Vec::new()),
        (entry("fifo", EntryKind::Fifo), Vec::new()),
        (entry("sparse", sparse), vec![5; 4096]),
        marked,
    ];
    let (_, disk) = rewrite(&view, "/etc", &tar(&entries), RewriteOptions::default()).unwrap();
    let new = open(disk);
    let mut writer = Writer::new(Vec::new());
    new.archive(b"/etc", b"", container_rootfs::ArchiveOptions::default(), &mut writer)
        .unwrap();
    let found = writer.finish().unwrap();
    let mut reader = Reader::new(found.as_slice());
    let mut unpacked = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        unpacked.push(entry);
    }
    for (mut entry, _) in entries {
        let found = unpacked.iter().find(|found| found.path == entry.path).unwrap();
        entry.xattrs.retain(|(name, _)| name != b"system.unknown");
        entry.xattrs.sort();
        assert_eq!(found, &entry);
    }
}

#[test]
fn files_and_directories_do_not_replace_each_other() {
    let (view, _) = container();
    let try_one = |entry| {
        rewrite(&view, "/", &tar(&[entry]), RewriteOptions::default())
            .map(drop)
            .unwrap_err()
    };
    assert!(matches!(try_one(file("etc", b"")), RewriteError::IsADirectory { path } if path == b"/etc"));
    assert!(
        matches!(try_one(directory("etc/hosts", 0o700)), RewriteError::NotADirectory { path } if path == b"/etc/hosts")
    );
    assert!(matches!(
        try_one(file("etc/hosts/x", b"")),
        RewriteError::Root(RootError::NotADirectory { .. })
    ));
    assert!(matches!(try_one(file("../x", b"")), RewriteError::Outside { .. }));
    let link = |target: &str| (entry("x", EntryKind::HardLink { target: target.into() }), Vec::new());
    assert!(matches!(try_one(link("nothing")), RewriteError::LinkTarget { .. }));
    assert!(matches!(try_one(link("etc")), RewriteError::LinkTarget { .. }));
    let missing = rewrite(&view, "/nothing", &tar(&[]), RewriteOptions::default()).unwrap_err();
    assert!(matches!(missing, RewriteError::Root(RootError::NotFound { .. })));
}

#[test]
fn a_container_that_never_ran_can_be_written_to() {
    let mut writable = tempfile::tempfile().unwrap();
    let options = FormatOptions {
        size_bytes: 64 << 30,
        uuid: [7; 16],
        label: "container".to_owned(),
        made: Timestamp::default(),
        root: (0o755, 0, 0),
        directories: vec!["upper".to_owned(), "work".to_owned()],
        journal: Some(Journal::default()),
    };
    format_writable(&mut writable, &options).unwrap();
    let layer = disk(|writer| writer.directory(b"/", metadata(0o1711)).unwrap());
    let again = layer.try_clone().unwrap();
    let view = RootView::open(vec![layer], Some(writable), Vec::new()).unwrap();
    let (_, disk) = rewrite(&view, "/", &tar(&[file("a/b", b"new")]), RewriteOptions::default()).unwrap();
    let new = RootView::open(vec![again], Some(disk), Vec::new()).unwrap();
    assert_eq!(content(&new, "/a/b"), b"new");
    // The guest still takes owner and mode of the root from the image when it starts.
    assert_eq!(new.stat(b"/", false).unwrap().mode(), 0o1711);
}

#[test]
fn a_volume_is_written_by_itself() {
    let (layer, volume) = (
        disk(|writer| writer.directory(b"data", metadata(0o755)).unwrap()),
        writable_disk(|writer| {
            write_file(writer, "sub/old", b"old", metadata(0o644));
            writer.symlink(b"sub/inside", b"deeper", metadata(0o777)).unwrap();
            writer.symlink(b"sub/outside", b"/etc", metadata(0o777)).unwrap();
        }),
    );
    let mount = |disk| {
        vec![Mount {
            path: b"/data".to_vec(),
            disk,
            subpath: b"sub".to_vec(),
        }]
    };
    let again = layer.try_clone().unwrap();
    let view = RootView::open(vec![layer], None, mount(volume)).unwrap();
    let role = DiskRole::Volume(b"/data".to_vec());
    assert_eq!(view.disk_at(b"/data/old", true).unwrap(), role);
    let entries = [file("new", b"new"), file("inside/x", b"x")];
    let (found, disk) = rewrite(&view, "/data", &tar(&entries), RewriteOptions::default()).unwrap();
    assert_eq!(found, role);
    let new = RootView::open(vec![again], None, mount(disk)).unwrap();
    for (path, expected) in [("/data/new", "new"), ("/data/old", "old"), ("/data/deeper/x", "x")] {
        assert_eq!(content(&new, path), expected.as_bytes());
    }
    let outside = rewrite(
        &view,
        "/data",
        &tar(&[file("outside/x", b"")]),
        RewriteOptions::default(),
    );
    assert!(matches!(outside, Err(RewriteError::OtherDisk { .. })));
    let no_disk = rewrite(&view, "/", &tar(&[]), RewriteOptions::default());
    assert!(matches!(no_disk, Err(RewriteError::NoDisk)));
    let below = rewrite(&view, "/", &tar(&[file("data/x", b"")]), RewriteOptions::default());
    assert!(below.is_err());
}
