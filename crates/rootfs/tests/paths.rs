//! Paths, volumes, and entries of all kinds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use container_ext4::{DeviceNumber, Metadata};
use container_rootfs::{ArchiveOptions, ChangeKind, Mount, RootError, RootView};
use container_tar::{EntryKind, Reader, Region, Writer};
use support::{disk, metadata, write_file, xattr};

/// An image, and a container that changed nothing yet.
fn image(links: &[(&str, &str)]) -> RootView {
    let layer = disk(|writer| {
        write_file(writer, "etc/hosts", b"hosts", metadata(0o644));
        write_file(writer, "run/file", b"run", metadata(0o644));
        writer.directory(b"var", metadata(0o755)).unwrap();
        for (name, target) in links {
            writer
                .symlink(name.as_bytes(), target.as_bytes(), metadata(0o777))
                .unwrap();
        }
    });
    RootView::open(vec![layer], None, Vec::new()).unwrap()
}

fn found(view: &RootView, path: &str) -> Vec<u8> {
    let located = view.locate(path.as_bytes(), true).unwrap();
    assert!(located.entry.is_some(), "{path}");
    located.path()
}

#[test]
fn links_and_dots_stay_in_the_root() {
    let view = image(&[
        ("var/run", "/run"),
        ("etc/up", "../../../../etc"),
        ("etc/self", "."),
        ("far", "/var/run/../etc/up/self/hosts"),
        ("dangling", "run/nothing"),
    ]);
    for (path, expected) in [
        ("/", "/"),
        ("", "/"),
        ("/../..", "/"),
        ("var/run/file", "/run/file"),
        ("/etc/up/up/self/hosts", "/etc/hosts"),
        ("far", "/etc/hosts"),
        ("var/run/../etc", "/etc"),
        ("/var/run/", "/run"),
    ] {
        assert_eq!(found(&view, path), expected.as_bytes(), "{path}");
    }
    let missing = view.locate(b"/dangling", true).unwrap();
    assert!(missing.entry.is_none() && missing.path() == b"/run/nothing");
    assert!(matches!(
        view.locate(b"/nothing/file", true),
        Err(RootError::NotFound { .. })
    ));
    assert!(matches!(
        view.locate(b"/etc/hosts/file", true),
        Err(RootError::NotADirectory { .. })
    ));
    assert!(matches!(
        view.locate(b"/etc/hosts/", true),
        Err(RootError::NotADirectory { .. })
    ));
    assert!(matches!(
        view.locate(b"/etc/hosts/..", true),
        Err(RootError::NotADirectory { .. })
    ));
    assert!(matches!(view.locate(b"a\0b", true), Err(RootError::InvalidPath { .. })));
}

#[test]
fn links_in_a_circle_end() {
    let view = image(&[("one", "two"), ("two", "one"), ("deeper", "deeper/deeper")]);
    assert!(matches!(view.stat(b"one", true), Err(RootError::Loop { .. })));
    assert!(matches!(view.stat(b"deeper/x", true), Err(RootError::Loop { .. })));
    assert!(view.stat(b"one", false).is_ok());
}

#[test]
fn volumes_are_in_their_places() {
    let layer = disk(|writer| {
        write_file(writer, "data/hidden", b"", metadata(0o644));
        writer.symlink(b"link", b"/data", metadata(0o777)).unwrap();
    });
    let volume = |name: &'static str| disk(move |writer| write_file(writer, name, b"volume", metadata(0o600)));
    let mount = |path: &str, disk, subpath: &str| Mount {
        path: path.into(),
        disk,
        subpath: subpath.into(),
    };
    let mounts = vec![
        mount("/link", volume("shown"), ""),
        mount("/data/below", volume("sub/path/file"), "sub/path"),
        mount("/new", volume("first"), ""),
    ];
    let view = RootView::open(vec![layer], None, mounts).unwrap();
    assert_eq!(
        names(&archive(&view, "/", "", false)),
        [
            "data/",
            "data/below/",
            "data/below/file",
            "data/shown",
            "link",
            "new/",
            "new/first"
        ]
    );
    assert_eq!(names(&archive(&view, "/link/below", "x", true)), ["x/", "x/file"]);
    assert!(view.stat(b"/data/hidden", false).is_err());
    assert_eq!(found(&view, "/link/below/../shown"), b"/data/shown");
    assert_eq!(names(&archive(&view, "/link", "x", false)), ["x"]);
    assert_eq!(
        names(&archive(&view, "/link", "x", true)),
        ["x/", "x/below/", "x/below/file", "x/shown"]
    );
}

fn archive(view: &RootView, path: &str, name: &str, follows_link: bool) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let options = ArchiveOptions { follows_link };
    view.archive(path.as_bytes(), name.as_bytes(), options, &mut writer)
        .unwrap();
    writer.finish().unwrap()
}

fn entries(tar: &[u8]) -> Vec<container_tar::Entry> {
    let mut reader = Reader::new(tar);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        entries.push(entry);
    }
    entries
}

fn names(tar: &[u8]) -> Vec<String> {
    let paths = entries(tar).into_iter().map(|entry| entry.path);
    paths.map(|path| String::from_utf8(path).unwrap()).collect()
}

#[test]
fn every_kind_of_file_is_in_the_archive() {
    let writable = disk(|writer| {
        let with = |mode, xattrs| Metadata {
            uid: 7,
            gid: 70_000,
            xattrs,
            ..metadata(mode)
        };
        writer.directory(b"work/work", metadata(0)).unwrap();
        let marks = vec![
            xattr(b"trusted.overlay.origin", b"origin"),
            xattr(b"trusted.overlay.overlay.opaque", b"y"),
            xattr(b"security.capability", b"capability"),
            xattr(b"user.note", b"note"),
        ];
        write_file(writer, "upper/a", b"content", with(0o4755, marks));
        writer.hard_link(b"upper/b", b"upper/a").unwrap();
        writer.symlink(b"upper/c", b"/away", metadata(0o777)).unwrap();
        let device = DeviceNumber { major: 10, minor: 200 };
        writer
            .character_device(b"upper/d", device, with(0o600, vec![]))
            .unwrap();
        writer.block_device(b"upper/e", device, with(0o600, vec![])).unwrap();
        writer.fifo(b"upper/f", with(0o600, vec![])).unwrap();
        writer.socket(b"upper/g", with(0o600, vec![])).unwrap();
        let mut sparse = writer.file(b"upper/h", metadata(0o600)).unwrap();
        sparse.skip(1 << 30).unwrap();
        sparse.append(&[1; 4096]).unwrap();
        sparse.skip(1 << 30).unwrap();
        sparse.finish().unwrap();
    });
    let view = RootView::open(Vec::new(), Some(writable), Vec::new()).unwrap();
    let found = entries(&archive(&view, "/", "", false));
    let kinds: Vec<_> = found
        .iter()
        .map(|entry| (entry.path.as_slice(), entry.kind.clone()))
        .collect();
    let device = container_tar::DeviceNumber { major: 10, minor: 200 };
    let file = EntryKind::File {
        size_bytes: 7,
        regions: None,
    };
    let sparse = EntryKind::File {
        size_bytes: (2 << 30) + 4096,
        regions: Some(vec![Region {
            offset: 1 << 30,
            length: 4096,
        }]),
    };
    assert_eq!(
        kinds,
        [
            (&b"a"[..], file),
            (b"b", EntryKind::HardLink { target: b"a".to_vec() }),
            (
                b"c",
                EntryKind::Symlink {
                    target: b"/away".to_vec()
                }
            ),
            (b"d", EntryKind::CharacterDevice(device)),
            (b"e", EntryKind::BlockDevice(device)),
            (b"f", EntryKind::Fifo),
            (b"h", sparse),
        ]
    );
    let first = &found[0];
    assert_eq!((first.mode, first.uid, first.gid), (0o4755, 7, 70_000));
    assert_eq!((first.modified.seconds, first.modified.nanoseconds), (1_700_000_000, 5));
    let mut xattrs = first.xattrs.clone();
    xattrs.sort();
    let expected = [
        ("security.capability", "capability"),
        // What the container sees of the mark that it set for an overlay of its own.
        ("trusted.overlay.opaque", "y"),
        ("user.note", "note"),
    ];
    assert_eq!(xattrs, expected.map(|(name, value)| (name.into(), value.into())));
}

#[test]
fn a_container_that_never_ran_is_its_image() {
    let layer = || {
        disk(|writer| {
            writer.directory(b"/", metadata(0o1711)).unwrap();
            write_file(writer, "file", b"", metadata(0o644));
        })
    };
    let new = || {
        disk(|writer| {
            writer.directory(b"upper", metadata(0o755)).unwrap();
            writer.directory(b"work", metadata(0o755)).unwrap();
        })
    };
    for writable in [None, Some(new()), Some(disk(|_| {}))] {
        let view = RootView::open(vec![layer()], writable, Vec::new()).unwrap();
        assert_eq!(view.stat(b"/", false).unwrap().mode(), 0o1711);
        assert!(view.stat(b"/file", false).is_ok());
        assert!(view.changes().unwrap().is_empty());
        let mut writer = Writer::new(Vec::new());
        view.write_layer(&mut writer).unwrap();
        assert!(entries(&writer.finish().unwrap()).is_empty());
    }
}

#[test]
fn a_directory_that_is_in_itself_is_reported() {
    // The writer makes no such thing, so the name of a file becomes that of the directory that it is in.
    let writable = disk(|writer| {
        writer.directory(b"work/work", metadata(0)).unwrap();
        writer.directory(b"upper/one", metadata(0o755)).unwrap();
        write_file(writer, "upper/one/name-of-a-file", b"", metadata(0o644));
    });
    use std::os::unix::fs::FileExt as _;
    let mut bytes = vec![0; writable.metadata().unwrap().len() as usize];
    writable.read_exact_at(&mut bytes, 0).unwrap();
    let name = b"name-of-a-file";
    let at = bytes.windows(name.len()).rposition(|window| window == name).unwrap() - 8;
    let block = at / 4096 * 4096;
    let own: [u8; 4] = bytes[block..block + 4].try_into().unwrap();
    writable.write_all_at(&own, at as u64).unwrap();
    writable.write_all_at(&[2], at as u64 + 7).unwrap();
    let view = RootView::open(Vec::new(), Some(writable), Vec::new()).unwrap();
    let options = ArchiveOptions::default();
    let archived = view.archive(b"/", b"", options, &mut Writer::new(Vec::new()));
    assert!(matches!(archived, Err(RootError::DirectoryTwice { .. })));
    assert!(matches!(view.changes(), Err(RootError::DirectoryTwice { .. })));
    let layer = view.write_layer(&mut Writer::new(Vec::new()));
    assert!(matches!(layer, Err(RootError::DirectoryTwice { .. })));
}

#[test]
fn marks_that_no_guest_sets_are_refused() {
    let writable = disk(|writer| {
        writer.directory(b"work/work", metadata(0)).unwrap();
        let mut moved = metadata(0o755);
        moved.xattrs.push(xattr(b"trusted.overlay.redirect", b"/etc"));
        writer.directory(b"upper/moved", moved).unwrap();
    });
    let view = RootView::open(Vec::new(), Some(writable), Vec::new()).unwrap();
    assert!(matches!(view.stat(b"/moved", false), Err(RootError::Foreign { .. })));
}

#[test]
fn whiteouts_in_the_form_of_files_hide() {
    let layer = disk(|writer| {
        write_file(writer, "d/gone", b"x", metadata(0o644));
        write_file(writer, "d/kept", b"x", metadata(0o644));
    });
    let writable = disk(|writer| {
        writer.directory(b"work/work", metadata(0)).unwrap();
        let mut marked = metadata(0o755);
        marked.xattrs.push(xattr(b"trusted.overlay.opaque", b"x"));
        writer.directory(b"upper/d", marked).unwrap();
        let mut whiteout = metadata(0);
        whiteout.xattrs.push(xattr(b"trusted.overlay.whiteout", b""));
        write_file(writer, "upper/d/gone", b"", whiteout);
    });
    let view = RootView::open(vec![layer], Some(writable), Vec::new()).unwrap();
    assert_eq!(names(&archive(&view, "/d", "d", false)), ["d/", "d/kept"]);
    let changes: Vec<_> = view
        .changes()
        .unwrap()
        .into_iter()
        .map(|change| (change.kind, change.path))
        .collect();
    assert_eq!(
        changes,
        [
            (ChangeKind::Modified, b"/d".to_vec()),
            (ChangeKind::Deleted, b"/d/gone".to_vec())
        ]
    );
}
