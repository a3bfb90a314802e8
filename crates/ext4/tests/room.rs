//! Writable disks with content.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use container_ext4::{
    FormatOptions, Journal, NodeKind, Options, Reader, Room, Timestamp, WriteError, Writer, Xattr, format_writable,
    free_space, mount_state,
};
use support::linux::{change, content, find};
use support::{UUID, assert_clean, debugfs, metadata, write_file};

fn disk(capacity_bytes: u64, journal_bytes: u64, build: impl FnOnce(&mut Writer<&File>)) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = Options {
        capacity_bytes,
        room: Some(Room {
            journal_bytes,
            default_mount_options: 0x40c,
            mounted_seconds: 1_700_000_000,
            ..Room::default()
        }),
        ..Options::default()
    };
    let mut writer = Writer::new(file.as_file(), tempfile::tempfile().unwrap(), options).unwrap();
    build(&mut writer);
    let summary = writer.finish(UUID).unwrap();
    assert_eq!(summary.disk_bytes, capacity_bytes);
    assert_eq!(file.as_file().metadata().unwrap().len(), capacity_bytes);
    file
}

fn something(writer: &mut Writer<&File>) {
    writer.directory(b"/", metadata(0o755)).unwrap();
    for number in 0..3000 {
        write_file(writer, &format!("many/{number}"), b"");
    }
    write_file(writer, "large", &[7; 3 << 20]);
    writer.hard_link(b"again", b"large").unwrap();
    // Replaced, so that blocks in the middle are free.
    write_file(writer, "replaced", &[8; 1 << 20]);
    write_file(writer, "replaced", b"small");
    let mut sparse = writer.file(b"sparse", metadata(0o600)).unwrap();
    for piece in 0..20_u8 {
        sparse.skip(1 << 20).unwrap();
        sparse.append(&[piece + 1; 10]).unwrap();
    }
    sparse.finish().unwrap();
    let mut attributes = metadata(0o700);
    attributes.xattrs = vec![Xattr {
        name: b"user.large".to_vec(),
        value: vec![9; 50_000],
    }];
    writer.directory(b"attributes", attributes).unwrap();
}

#[test]
fn disks_of_all_sizes_with_room_are_clean() {
    for (capacity_bytes, journal_bytes) in [
        (64 << 20, 4 << 20),
        (200 << 20, 0),
        ((128 << 20) + (1 << 20), 4 << 20),
        (64 << 30, 64 << 20),
        (1 << 40, 64 << 20),
    ] {
        let disk = disk(capacity_bytes, journal_bytes, something);
        assert_clean(disk.path());
        let blocks = disk.as_file().metadata().unwrap().blocks() * 512;
        assert!(blocks < 24 << 20, "{blocks} of {capacity_bytes}");
        let reader = Reader::open(disk.reopen().unwrap()).unwrap();
        let volume = reader.volume().unwrap();
        assert_eq!((volume.size_bytes, volume.uuid), (capacity_bytes, UUID));
        assert_eq!(volume.journal_bytes.unwrap_or(0), journal_bytes);
        assert!(mount_state(disk.as_file()).unwrap().was_mounted);
        assert!(content(&reader, "large") == vec![7; 3 << 20]);
    }
}

#[test]
fn more_can_be_written_to_a_disk_with_room() {
    let disk = disk(64 << 20, 4 << 20, something);
    let source = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(source.path(), vec![5; 8 << 20]).unwrap();
    let mut requests = format!("write {} added\nmkdir new\n", source.path().display());
    for number in 0..200 {
        requests.push_str(&format!("cd /many\nwrite /dev/null added-{number}\n"));
    }
    requests.push_str("cd /\nrm large\nrm again\n");
    // debugfs makes no index entries, so e2fsck has something to say about the directory that has one.
    change(disk.path(), &requests.replace("cd /many\n", "cd /new\n"));
    assert_clean(disk.path());
    let reader = Reader::open(disk.reopen().unwrap()).unwrap();
    assert!(content(&reader, "added") == vec![5; 8 << 20]);
    assert!(debugfs(disk.path(), "stat new").contains("Type: directory"));
}

/// The free blocks of the groups whose bitmap is written, as `dumpe2fs` has them.
fn free_blocks(disk: &Path) -> Vec<Range<u64>> {
    let output = Command::new("dumpe2fs")
        .arg(disk)
        .output()
        .expect("dumpe2fs of e2fsprogs is needed");
    let text = String::from_utf8_lossy(&output.stdout);
    let groups = text.split("\nGroup ").skip(1);
    let mut ranges = Vec::new();
    for group in groups.filter(|group| !group.contains("BLOCK_UNINIT")) {
        let lines = group
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Free blocks: "));
        for range in lines
            .flat_map(|line| line.split(", "))
            .filter(|range| !range.is_empty())
        {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            ranges.push(first.parse().unwrap()..last.parse::<u64>().unwrap() + 1);
        }
    }
    ranges
}

fn told_free_blocks(disk: &File) -> Vec<Range<u64>> {
    let mut free = free_space(disk).unwrap().expect("a disk that tells its free space");
    let groups = std::iter::from_fn(|| free.next_group().unwrap());
    groups
        .flatten()
        .map(|range| range.start / 4096..range.end / 4096)
        .collect()
}

#[test]
fn the_free_space_of_a_disk_with_room_is_told() {
    for capacity_bytes in [64 << 20, (384 << 20) + (1 << 20), 64 << 30] {
        let disk = disk(capacity_bytes, 4 << 20, something);
        let before = told_free_blocks(disk.as_file());
        assert_eq!(before, free_blocks(disk.path()), "{capacity_bytes}");
        change(disk.path(), "rm large\nrm again\nrm sparse\n");
        let after = told_free_blocks(disk.as_file());
        assert_eq!(after, free_blocks(disk.path()), "{capacity_bytes}");
        let count = |ranges: &[Range<u64>]| ranges.iter().map(|range| range.end - range.start).sum::<u64>();
        assert!(count(&after) >= count(&before) + (3 << 20) / 4096 + 20);
        assert_clean(disk.path());
    }
}

#[test]
fn a_copy_has_all_that_the_disk_has() {
    let whiteout = container_ext4::DeviceNumber { major: 0, minor: 0 };
    let original = disk(64 << 20, 4 << 20, |writer| {
        something(writer);
        let mut opaque = metadata(0o700);
        opaque.xattrs = vec![Xattr {
            name: b"trusted.overlay.opaque".to_vec(),
            value: b"y".to_vec(),
        }];
        writer.directory(b"upper/opaque", opaque).unwrap();
        writer.character_device(b"upper/gone", whiteout, metadata(0)).unwrap();
    });
    let original = Reader::open(original.reopen().unwrap()).unwrap();
    let copy = disk(64 << 20, 4 << 20, |writer| {
        writer.copy(&original).unwrap();
        write_file(writer, "added", b"added");
        let found = writer.stat(b"upper/gone").unwrap().unwrap();
        assert_eq!(found.kind, NodeKind::CharacterDevice(whiteout));
    });
    assert_clean(copy.path());
    let copy = Reader::open(copy.reopen().unwrap()).unwrap();
    for path in ["large", "sparse", "replaced", "many/2999"] {
        assert!(content(&copy, path) == content(&original, path), "{path}");
    }
    assert_eq!(find(&copy, "large"), find(&copy, "again"));
    assert_eq!(content(&copy, "added"), b"added");
    for path in ["attributes", "upper/opaque"] {
        let xattrs = |reader: &Reader| reader.xattrs(&reader.node(find(reader, path)).unwrap()).unwrap();
        assert!(!xattrs(&copy).is_empty());
        assert_eq!(xattrs(&copy), xattrs(&original), "{path}");
    }
}

#[test]
fn a_formatted_disk_is_copied_to_one_of_its_size() {
    let size_bytes = 300 << 20;
    let mut file = tempfile::tempfile().unwrap();
    let options = FormatOptions {
        size_bytes,
        uuid: UUID,
        label: "volume".to_owned(),
        made: Timestamp::default(),
        root: (0o755, 0, 0),
        directories: vec!["upper".to_owned(), "work".to_owned()],
        journal: Some(Journal::default()),
    };
    let made = format_writable(&mut file, &options).unwrap();
    let original = Reader::open(file).unwrap();
    let volume = original.volume().unwrap();
    assert_eq!(
        (volume.size_bytes, volume.journal_bytes),
        (made.size_bytes, Some(made.journal_bytes))
    );
    let copy = disk(volume.size_bytes, made.journal_bytes, |writer| {
        writer.copy(&original).unwrap()
    });
    assert_clean(copy.path());
    let copy = Reader::open(copy.reopen().unwrap()).unwrap();
    assert!(copy.node(find(&copy, "upper")).is_ok());
    assert_eq!(copy.inodes(), original.inodes());
}

#[test]
fn a_disk_without_enough_room_is_refused() {
    let file = tempfile::tempfile().unwrap();
    let options = |capacity_bytes, journal_bytes| Options {
        capacity_bytes,
        room: Some(Room {
            journal_bytes,
            ..Room::default()
        }),
        ..Options::default()
    };
    let writer = |options| Writer::new(&file, tempfile::tempfile().unwrap(), options);
    assert!(matches!(writer(options(1 << 20, 0)), Err(WriteError::Room { .. })));
    assert!(matches!(writer(options(64 << 20, 1)), Err(WriteError::Room { .. })));
    let mut full = writer(options(16 << 20, 4 << 20)).unwrap();
    let mut large = full.file(b"large", metadata(0o600)).unwrap();
    let written = (0..32).try_for_each(|_| large.append(&[1; 1 << 20]));
    assert!(matches!(written, Err(WriteError::DiskFull { .. })));
}

#[test]
fn checksums_are_right_in_trees_of_all_depths() {
    let disk = disk(2 << 30, 4 << 20, |writer| {
        for number in 0..70_000 {
            let name = format!("many/a-name-of-some-length-{number:0>60}");
            write_file(writer, &name, b"");
        }
        let mut pieces = writer.file(b"pieces", metadata(0o600)).unwrap();
        for piece in 0..2_000_u32 {
            pieces.append(&[piece as u8 | 1; 4096]).unwrap();
            pieces.skip(128 << 10).unwrap();
        }
        pieces.finish().unwrap();
        writer.hard_link(b"pieces2", b"pieces").unwrap();
        let mut attributes = metadata(0o700);
        attributes.xattrs = vec![Xattr {
            name: b"user.block".to_vec(),
            value: vec![9; 1_000],
        }];
        writer.directory(b"attributes", attributes).unwrap();
        writer.symlink(b"long", &[b't'; 1000], metadata(0o777)).unwrap();
    });
    assert_clean(disk.path());
    let reader = Reader::open(disk.reopen().unwrap()).unwrap();
    assert_eq!(content(&reader, "pieces2").len(), 2_000 * (4096 + (128 << 10)));
    let names = reader.names(&reader.node(find(&reader, "many")).unwrap()).unwrap();
    assert_eq!(names.len(), 70_000);
    let attributes = reader.node(find(&reader, "attributes")).unwrap();
    assert_eq!(reader.xattrs(&attributes).unwrap()[0].value, [9; 1_000]);
}
