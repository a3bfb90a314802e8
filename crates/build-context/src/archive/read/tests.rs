//! Tars of all kinds.

use container_tar::{DeviceNumber, Writer};
use proptest::prelude::*;
use std::io::Write as _;

use super::*;
use crate::directory::Directory;

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry {
        path: path.as_bytes().to_vec(),
        kind,
        mode: 0o640,
        uid: 5,
        gid: 6,
        modified: Timestamp {
            seconds: 7,
            nanoseconds: 0,
        },
        xattrs: Vec::new(),
    }
}

fn file(path: &str) -> Entry {
    let kind = EntryKind::File {
        size_bytes: path.len() as u64,
        regions: None,
    };
    entry(path, kind)
}

fn hard_link(path: &str, target: &str) -> Entry {
    let target = target.as_bytes().to_vec();
    entry(path, EntryKind::HardLink { target })
}

fn symlink(path: &str, target: &str) -> Entry {
    let target = target.as_bytes().to_vec();
    entry(path, EntryKind::Symlink { target })
}

/// A tar of these entries, in which a file has its path for content.
fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for entry in entries {
        writer.begin(entry).unwrap();
        if let EntryKind::File { regions: None, .. } = entry.kind {
            writer.content(&entry.path).unwrap();
        }
    }
    writer.finish().unwrap()
}

fn read_with(stream: &[u8], limits: &TarLimits) -> Result<ArchiveDirectory, TarError> {
    let scratch = tempfile::tempdir().unwrap();
    let root = read(stream, scratch.path(), limits).map(|(root, _)| root);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    root
}

fn read_tar(entries: &[Entry]) -> Result<ArchiveDirectory, TarError> {
    read_with(&tar(entries), &TarLimits::default())
}

fn names(directory: &dyn Directory) -> Vec<String> {
    let names = directory.names().unwrap();
    names.into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
}

fn content(directory: &dyn Directory, name: &str) -> String {
    let mut text = String::new();
    directory
        .open(name.as_bytes())
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn entries_are_files_wherever_they_are() {
    let device = EntryKind::CharacterDevice(DeviceNumber { major: 1, minor: 3 });
    let root = read_tar(&[
        entry("./", EntryKind::Directory),
        file("./a/b/c"),
        file("/rooted"),
        file("a/../d"),
        entry("a/null", device),
        entry("fifo", EntryKind::Fifo),
        symlink("link", "a/b/c"),
        hard_link("hard", "a/b/c"),
    ])
    .unwrap();
    assert_eq!(names(&root), ["a", "d", "fifo", "hard", "link", "rooted"]);
    assert_eq!(content(&root, "hard"), "./a/b/c");
    assert_eq!(root.read_link(b"link").unwrap(), b"a/b/c");
    let a = root.enter(b"a").unwrap();
    assert_eq!(names(&*a), ["b", "null"]);
    let null = a.status(b"null").unwrap().unwrap();
    assert_eq!((null.device.major, null.device.minor, null.mode), (1, 3, 0o640));
    let inner = a.enter(b"b").unwrap().status(b"c").unwrap().unwrap();
    let hard = root.status(b"hard").unwrap().unwrap();
    assert_eq!((inner.identity, inner.links), (hard.identity, 2));
    assert_eq!(root.status(b"a").unwrap().unwrap().mode, 0o755);
    assert!(root.status(b"x").unwrap().is_none());
}

#[test]
fn later_entries_replace_earlier_ones_and_directories_are_merged() {
    let mut dir = entry("a", EntryKind::Directory);
    dir.mode = 0o700;
    let root = read_tar(&[
        file("a/x"),
        dir,
        file("b"),
        entry("b", EntryKind::Directory),
        file("b/y"),
        file("a/x/../z"),
    ])
    .unwrap();
    assert_eq!(names(&*root.enter(b"a").unwrap()), ["x", "z"]);
    assert_eq!(root.status(b"a").unwrap().unwrap().mode, 0o700);
    assert_eq!(names(&*root.enter(b"b").unwrap()), ["y"]);
}

#[test]
fn what_leads_out_is_refused_by_name() {
    for entries in [
        vec![file("../x")],
        vec![file("a/../../x")],
        vec![file("x"), hard_link("l", "../x")],
    ] {
        let error = read_tar(&entries).unwrap_err();
        assert!(matches!(error, TarError::Outside { .. }), "{error}");
    }
    for entries in [
        vec![symlink("l", "/etc"), file("l/passwd")],
        vec![file("f"), file("f/x")],
    ] {
        let error = read_tar(&entries).unwrap_err();
        assert!(matches!(error, TarError::NotADirectory { .. }), "{error}");
    }
    for entries in [
        vec![hard_link("l", "missing")],
        vec![file("d/x"), hard_link("l", "d")],
        vec![symlink("s", "d"), file("d/x"), hard_link("l", "s/x")],
    ] {
        let error = read_tar(&entries).unwrap_err();
        assert!(matches!(error, TarError::HardLink { .. }), "{error}");
    }
}

#[test]
fn hostile_sizes_are_refused() {
    let huge = EntryKind::File {
        size_bytes: 1 << 60,
        regions: Some(Vec::new()),
    };
    let many = ["a", "b", "c", "d", "e"].map(file);
    let long = "n".repeat(3000);
    let limits = TarLimits::default();
    let (bytes, entries, retained) = (
        TarLimits {
            uncompressed_bytes: 4096,
            ..limits
        },
        TarLimits { entries: 3, ..limits },
        TarLimits {
            retained_bytes: 4096,
            ..limits
        },
    );
    for (archive, limits, what) in [
        (many.to_vec(), bytes, "bytes"),
        (vec![entry("sparse", huge)], limits, "bytes"),
        (many.to_vec(), entries, "entries"),
        (vec![file("a/b/c/d"), file("x")], entries, "entries"),
        (
            vec![symlink("l", &long), symlink("m", &long)],
            retained,
            "bytes of names and attributes",
        ),
        (
            vec![file(&"d/".repeat(20)), file(&"e/".repeat(20))],
            retained,
            "bytes of names and attributes",
        ),
    ] {
        match read_with(&tar(&archive), &limits) {
            Err(TarError::TooLarge { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_tree_of_any_depth_is_read_and_refused_where_it_is_used() {
    use crate::ignore::Ignore;
    use crate::select::{SelectOptions, select};
    let root = read_tar(&[file(&("d/".repeat(100_000) + "x"))]).unwrap();
    for (rules, source) in [("", "."), ("**\n!**/x", "d"), ("", "d*/[^y]x")] {
        let ignore = Ignore::parse(rules.as_bytes()).unwrap();
        let error = select(&root, &ignore, &[source], &SelectOptions::default());
        match error {
            Err(error) => assert!(error.to_string().starts_with("cannot read \"d/d/"), "{error}"),
            // What is deeper can have no match.
            Ok(parts) => assert!(parts.is_empty(), "{source}"),
        }
    }
}

#[test]
fn holes_are_kept() {
    let regions = vec![Region {
        offset: 100_000,
        length: 3,
    }];
    let sparse = EntryKind::File {
        size_bytes: 200_000,
        regions: Some(regions.clone()),
    };
    let mut writer = Writer::new(Vec::new());
    writer.begin(&entry("sparse", sparse)).unwrap();
    writer.content(b"mid").unwrap();
    let root = read_with(&writer.finish().unwrap(), &TarLimits::default()).unwrap();
    let text = content(&root, "sparse");
    assert_eq!(text.len(), 200_000);
    assert_eq!(text.trim_matches('\0'), "mid");
    assert_eq!(text.find('m'), Some(100_000));
    assert_eq!(root.open(b"sparse").unwrap().regions().unwrap(), Some(regions));
}

#[test]
fn compression_is_told_from_the_content() {
    let plain = tar(&[file("a")]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    for stream in [plain, gzip.finish().unwrap()] {
        assert_eq!(names(&read_with(&stream, &TarLimits::default()).unwrap()), ["a"]);
    }
    assert!(matches!(
        read_with(b"FROM scratch\n", &TarLimits::default()),
        Err(TarError::Tar(_))
    ));
    assert_eq!(names(&read_with(b"", &TarLimits::default()).unwrap()), [""; 0]);
}

#[test]
fn zeros_without_end_behind_a_tar_are_not_waited_for() {
    let stream = std::io::Cursor::new(tar(&[file("a")])).chain(std::io::repeat(0));
    let scratch = tempfile::tempdir().unwrap();
    let (root, _) = read(stream, scratch.path(), &TarLimits::default()).unwrap();
    assert_eq!(names(&root), ["a"]);
}

#[test]
fn the_newest_time_of_an_entry_is_told() {
    let mut newer = file("b");
    newer.modified.seconds = 9;
    let stream = tar(&[file("a"), newer, file("c")]);
    let scratch = tempfile::tempdir().unwrap();
    let newest = |stream: &[u8]| read(stream, scratch.path(), &TarLimits::default()).unwrap().1;
    assert_eq!(newest(&stream).map(|newest| newest.seconds), Some(9));
    assert_eq!(newest(b""), None);
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let zeros = vec![0; 1 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut writer = Writer::new(&mut gzip);
    let kind = EntryKind::File {
        size_bytes: 8 << 20,
        regions: None,
    };
    writer.begin(&entry("zeros", kind)).unwrap();
    for _ in 0..8 {
        writer.content(&zeros).unwrap();
    }
    writer.finish().unwrap();
    let limits = TarLimits {
        uncompressed_bytes: 1 << 20,
        ..TarLimits::default()
    };
    let error = read_with(&gzip.finish().unwrap(), &limits).unwrap_err();
    assert!(
        matches!(error, TarError::TooLarge { what: "bytes", limit } if limit == 1 << 20),
        "{error}"
    );
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = read_with(&bytes, &TarLimits::default());
    }

    #[test]
    fn any_entries_make_a_tree_in_which_files_have_their_content(
        steps in proptest::collection::vec(("[ab./]{1,6}", 0..5_u8, "[ab./]{1,6}"), 1..12)
    ) {
        let entries: Vec<_> = steps.iter().map(|(path, kind, target)| match kind {
            0 | 1 => file(path),
            2 => symlink(path, target),
            3 => hard_link(path, target),
            _ => entry(path, EntryKind::Directory),
        }).collect();
        if let Ok(root) = read_tar(&entries) {
            for name in root.names().unwrap() {
                prop_assert!(!name.contains(&b'/') && name != b"." && name != b"..");
                if let Ok(mut found) = root.open(&name) {
                    let mut text = Vec::new();
                    found.read_to_end(&mut text).unwrap();
                    prop_assert!(entries.iter().any(|entry| entry.path == text));
                }
            }
        }
    }
}
