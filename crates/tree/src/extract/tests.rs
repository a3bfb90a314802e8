//! What archives may and may not do below a directory.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use container_tar::{DeviceNumber, Timestamp, Writer};
use proptest::prelude::*;

use super::*;

const CALLER: Extraction = Extraction {
    owners: Owners::Caller,
    attributes: Attributes::Portable,
    is_layer: false,
};

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry {
        path: path.as_bytes().to_vec(),
        kind,
        mode: 0o750,
        uid: 0,
        gid: 0,
        modified: Timestamp {
            seconds: 1_700_000_000,
            nanoseconds: 5,
        },
        xattrs: Vec::new(),
    }
}

fn file(path: &str) -> Entry {
    let kind = EntryKind::File {
        size_bytes: 3,
        regions: None,
    };
    entry(path, kind)
}

fn link(path: &str, target: &str) -> Entry {
    let target = target.as_bytes().to_vec();
    entry(path, EntryKind::Symlink { target })
}

fn hard_link(path: &str, target: &str) -> Entry {
    let target = target.as_bytes().to_vec();
    entry(path, EntryKind::HardLink { target })
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for entry in entries {
        writer.begin(entry).unwrap();
        if matches!(entry.kind, EntryKind::File { .. }) {
            writer.content(b"new").unwrap();
        }
    }
    writer.finish().unwrap()
}

fn extract_to(path: &Path, entries: &[Entry]) -> Result<(), ExtractError> {
    let directory = File::open(path).unwrap();
    extract(directory.as_fd(), archive(entries).as_slice(), &CALLER)
}

/// A directory `in` for the extraction, with a file `out/kept` beside it.
fn places() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("in")).unwrap();
    fs::create_dir(directory.path().join("out")).unwrap();
    fs::write(directory.path().join("out/kept"), "old").unwrap();
    directory
}

#[test]
fn nothing_is_written_outside() {
    let places = places();
    let (inside, outside) = (places.path().join("in"), places.path().join("out"));
    let absolute = outside.to_str().unwrap();
    for entries in [
        vec![file("../out/kept")],
        vec![file("a/../../out/kept")],
        vec![link("l", "../out"), file("l/kept")],
        vec![link("l", absolute), file("l/kept")],
        vec![link("l", "../out"), entry("l", EntryKind::Directory), file("l/kept")],
        vec![link("l", "../out"), hard_link("h", "l/kept"), file("h")],
        vec![hard_link("h", "../out/kept")],
        vec![link("l", "../out"), link("l/more", "x")],
    ] {
        extract_to(&inside, &entries).unwrap_err();
        assert_eq!(fs::read(outside.join("kept")).unwrap(), b"old", "{entries:?}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "{entries:?}");
        fs::remove_dir_all(&inside).unwrap();
        fs::create_dir(&inside).unwrap();
    }
    // A link in a file's place is replaced, a name from the root is one from the directory.
    symlink("../out/kept", inside.join("f")).unwrap();
    extract_to(&inside, &[file("f"), file("/rooted")]).unwrap();
    assert_eq!(fs::read(outside.join("kept")).unwrap(), b"old");
    assert!(inside.join("f").symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read(inside.join("rooted")).unwrap(), b"new");
}

#[test]
fn directories_are_only_merged_with_directories() {
    let places = places();
    let path = places.path();
    let error = extract_to(path, &[file("out")]).unwrap_err();
    assert!(matches!(error, ExtractError::OverwritesDirectory { .. }), "{error}");
    let error = extract_to(path, &[entry("out/kept", EntryKind::Directory)]).unwrap_err();
    assert!(matches!(error, ExtractError::OverwritesNonDirectory { .. }), "{error}");
    extract_to(path, &[entry("out", EntryKind::Directory), file("out/more")]).unwrap();
    assert_eq!(fs::read(path.join("out/kept")).unwrap(), b"old");
    assert_eq!(fs::read(path.join("out/more")).unwrap(), b"new");
}

#[test]
fn a_directory_that_was_there_keeps_its_owner_also_when_its_entry_comes_after_what_is_in_it() {
    let places = places();
    let owner = |name: &str| fs::metadata(places.path().join(name)).unwrap().uid();
    let before = owner("in");
    let extraction = Extraction {
        owners: Owners::Fixed {
            uid: before + 1,
            gid: 1,
        },
        ..CALLER
    };
    // A link is the caller's own file already, so that anybody may make one.
    let bytes = archive(&[hard_link("in/h", "out/kept"), entry("in", EntryKind::Directory)]);
    let directory = File::open(places.path()).unwrap();
    extract(directory.as_fd(), bytes.as_slice(), &extraction).unwrap();
    assert_eq!(owner("in"), before);
    assert_eq!(fs::metadata(places.path().join("in")).unwrap().mode() & 0o7777, 0o750);
}

#[test]
fn modes_and_times_are_those_of_the_archive_also_of_directories_that_may_not_be_written() {
    let places = places();
    let path = places.path().join("in");
    let mut closed = entry("d", EntryKind::Directory);
    closed.mode = 0o2555;
    let mut special = file("d/e/f");
    special.mode = 0o4711;
    let mut fifo = entry("d/fifo", EntryKind::Fifo);
    fifo.mode = 0o600;
    extract_to(&path, &[closed, entry("d/e", EntryKind::Directory), special, fifo]).unwrap();
    for (name, mode) in [("d", 0o2555), ("d/e", 0o750), ("d/e/f", 0o4711), ("d/fifo", 0o600)] {
        let found = fs::symlink_metadata(path.join(name)).unwrap();
        assert_eq!(found.permissions().mode() & 0o7777, mode, "{name}");
        assert_eq!((found.mtime(), found.mtime_nsec()), (1_700_000_000, 5), "{name}");
    }
    fs::set_permissions(path.join("d"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn devices_are_refused_by_name_where_only_root_makes_them() {
    let places = places();
    let device = EntryKind::BlockDevice(DeviceNumber { major: 7, minor: 0 });
    match extract_to(places.path(), &[entry("disk", device)]) {
        Err(error) => assert!(error.to_string().contains("\"disk\" is a device"), "{error}"),
        Ok(()) => assert_eq!(rustix::process::geteuid().as_raw(), 0),
    }
}

#[test]
fn an_archive_that_is_cut_off_is_an_error() {
    let places = places();
    let directory = File::open(places.path()).unwrap();
    let bytes = archive(&[file("f")]);
    let error = extract(directory.as_fd(), &bytes[..514], &CALLER).unwrap_err();
    assert!(matches!(error, ExtractError::Tar(_)), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_sequence_of_entries_leads_outside(
        steps in proptest::collection::vec(("[abl./]{1,8}", 0..5_u8, "[abl./]{1,8}"), 1..12)
    ) {
        let places = places();
        let entries: Vec<_> = steps.iter().map(|(path, kind, target)| match kind {
            0 => file(path),
            1 => link(path, &format!("../{target}")),
            2 => hard_link(path, target),
            3 => entry(path, EntryKind::Directory),
            _ => entry(path, EntryKind::Fifo),
        }).collect();
        let _ = extract_to(&places.path().join("in"), &entries);
        prop_assert_eq!(fs::read(places.path().join("out/kept")).unwrap(), b"old");
        prop_assert_eq!(fs::read_dir(places.path().join("out")).unwrap().count(), 1);
        prop_assert_eq!(fs::read_dir(places.path()).unwrap().count(), 2);
    }
}

/// What is below a directory, as paths with the content of files.
fn listing(directory: &Path) -> Vec<(String, String)> {
    fn walk(base: &Path, at: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(base).unwrap().to_str().unwrap().to_owned();
            match path.symlink_metadata().unwrap().is_dir() {
                true => {
                    found.push((name, "/".to_owned()));
                    walk(base, &path, found);
                }
                false => found.push((name, fs::read_to_string(&path).unwrap_or_default())),
            }
        }
    }
    let mut found = Vec::new();
    walk(directory, directory, &mut found);
    found.sort();
    found
}

fn apply_layer(directory: &Path, entries: &[Entry]) -> Result<(), ExtractError> {
    let extraction = Extraction {
        is_layer: true,
        ..CALLER
    };
    let opened = File::open(directory).unwrap();
    extract(opened.as_fd(), archive(entries).as_slice(), &extraction)
}

#[test]
fn a_layer_takes_away_and_puts_anything_in_the_place_of_anything() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| directory.path().join(path);
    for path in ["gone/deep", "opaque/old/deep", "becomes-a-file/x", "kept"] {
        fs::create_dir_all(at(path)).unwrap();
    }
    for path in ["gone/deep/f", "opaque/f", "becomes-a-directory", "kept/old"] {
        fs::write(at(path), "old").unwrap();
    }
    let before = fs::metadata(at("kept")).unwrap().modified().unwrap();
    let marks = [".wh.gone", "opaque/.wh..wh..opq", "missing/.wh.nothing", ".wh..wh.plnk"];
    let [gone, opaque, missing, reserved] = marks.map(file);
    let layer = [
        // Its own files are not taken away by its marks, in whatever order they come.
        file("opaque/+new"),
        opaque,
        file("opaque/later"),
        gone,
        missing,
        reserved,
        file("becomes-a-file"),
        entry("becomes-a-directory", EntryKind::Directory),
        file("becomes-a-directory/x"),
        file("kept/new"),
    ];
    apply_layer(directory.path(), &layer).unwrap();
    let expected = [
        ("becomes-a-directory", "/"),
        ("becomes-a-directory/x", "new"),
        ("becomes-a-file", "new"),
        ("kept", "/"),
        ("kept/new", "new"),
        ("kept/old", "old"),
        ("opaque", "/"),
        ("opaque/+new", "new"),
        ("opaque/later", "new"),
    ];
    assert_eq!(
        listing(directory.path()),
        expected.map(|(path, content)| (path.to_owned(), content.to_owned()))
    );
    assert_eq!(fs::metadata(at("kept")).unwrap().modified().unwrap(), before);
}

#[test]
fn a_layer_s_entry_for_the_root_counts_and_its_marks_lead_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(outside.path().join("safe"), "").unwrap();
    symlink("..", root.join("up")).unwrap();
    apply_layer(&root, &[entry(".", EntryKind::Directory), file("up/.wh.safe")]).unwrap();
    assert_eq!(fs::metadata(&root).unwrap().mode() & 0o7777, 0o750);
    assert!(outside.path().join("safe").exists());
    for name in [".wh...", ".wh..", ".wh."] {
        let error = apply_layer(&root, &[file(name)]).unwrap_err();
        assert!(matches!(error, ExtractError::Outside { .. }), "{name}: {error}");
    }
    assert!(outside.path().join("safe").exists());
}
