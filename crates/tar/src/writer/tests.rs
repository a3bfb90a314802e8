//! The writer against our reader and against GNU tar.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use container_require::require;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::{option, sample};

use super::*;
use crate::{DeviceNumber, Reader, Region, Timestamp};

/// An entry with what is stored of its content.
type Member = (Entry, Vec<u8>);

fn write(members: &[Member]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (entry, content) in members {
        writer.begin(entry).unwrap();
        // In two pieces, of which the first is odd.
        let (first, rest) = content.split_at(content.len().min(7));
        writer.content(first).unwrap();
        writer.content(rest).unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> Vec<Member> {
    let mut reader = Reader::new(io::BufReader::with_capacity(1000, bytes));
    let mut members = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        while let length @ 1.. = reader.content().unwrap().len() {
            content.extend_from_slice(reader.content().unwrap());
            reader.consume(length);
        }
        members.push((entry, content));
    }
    members
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zA-Z0-9./]{1,120}x".prop_map(String::into_bytes),
        vec(1..=255_u8, 1..300).prop_map(|mut name| {
            name.push(b'x');
            name
        }),
    ]
}

fn pieces() -> impl Strategy<Value = (Vec<Region>, u64)> {
    (vec((1..5000_u64, 1..2000_u64), 0..20), 0..3_u64).prop_map(|(gaps, end)| {
        let mut at = 0;
        let mut regions = Vec::new();
        for (gap, length) in gaps {
            regions.push(Region {
                offset: at + gap,
                length,
            });
            at += gap + length;
        }
        (regions, at + end)
    })
}

fn kind() -> impl Strategy<Value = (EntryKind, usize)> {
    let device = || (any::<u32>(), any::<u32>()).prop_map(|(major, minor)| DeviceNumber { major, minor });
    prop_oneof![
        (0..3000_usize).prop_map(|length| (
            EntryKind::File {
                size_bytes: length as u64,
                regions: None
            },
            length
        )),
        pieces().prop_map(|(regions, size_bytes)| {
            let stored = regions.iter().map(|region| region.length as usize).sum();
            let regions = Some(regions);
            (EntryKind::File { size_bytes, regions }, stored)
        }),
        name().prop_map(|target| (EntryKind::HardLink { target }, 0)),
        name().prop_map(|target| (EntryKind::Symlink { target }, 0)),
        Just((EntryKind::Directory, 0)),
        Just((EntryKind::Fifo, 0)),
        device().prop_map(|device| (EntryKind::CharacterDevice(device), 0)),
        device().prop_map(|device| (EntryKind::BlockDevice(device), 0)),
    ]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![0..70_000_u32, any::<u32>()]
}

fn time() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![
        0..2_000_000_000_i64,
        -3_000_000_000..0_i64,
        sample::select(vec![0, -1, 1 << 33, 1 << 40])
    ];
    (seconds, option::of(1..1_000_000_000_u32)).prop_map(|(seconds, nanoseconds)| Timestamp {
        seconds,
        nanoseconds: nanoseconds.unwrap_or(0),
    })
}

fn member() -> impl Strategy<Value = Member> {
    let xattr = ("user\\.[a-z%=3D25]{1,20}", vec(any::<u8>(), 0..200));
    let xattrs = proptest::collection::btree_map(xattr.0, xattr.1, 0..4);
    (name(), kind(), 0..0o10000_u16, number(), number(), time(), xattrs).prop_map(
        |(path, (kind, stored), mode, uid, gid, modified, xattrs)| {
            let content = (0..stored).map(|at| (at * 7 + stored) as u8).collect();
            let xattrs = xattrs.into_iter().map(|(name, value)| (name.into_bytes(), value));
            let entry = Entry {
                path,
                kind,
                mode,
                uid,
                gid,
                modified,
                xattrs: xattrs.collect(),
            };
            (entry, content)
        },
    )
}

/// A directory's name as it is read back.
fn with_slash((mut entry, content): Member) -> Member {
    if entry.kind == EntryKind::Directory && !entry.path.ends_with(b"/") {
        entry.path.push(b'/');
    }
    (entry, content)
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(members in vec(member(), 0..6)) {
        let bytes = write(&members);
        prop_assert_eq!(bytes.len() % 512, 0);
        let members: Vec<_> = members.into_iter().map(with_slash).collect();
        prop_assert_eq!(read(&bytes), members);
    }
}

fn file(path: &[u8], size_bytes: u64, regions: Option<Vec<Region>>) -> Entry {
    entry(path, EntryKind::File { size_bytes, regions })
}

fn entry(path: &[u8], kind: EntryKind) -> Entry {
    Entry {
        path: path.to_vec(),
        kind,
        mode: 0o640,
        uid: 0,
        gid: 0,
        modified: Timestamp {
            seconds: 1_700_000_000,
            nanoseconds: 123_456_789,
        },
        xattrs: Vec::new(),
    }
}

#[test]
fn sizes_beyond_eight_gibibytes_are_written() {
    let region = Region {
        offset: 1 << 40,
        length: 3,
    };
    let huge = file(b"huge", (1 << 40) + 100, Some(vec![region]));
    let members = vec![(huge, b"abc".to_vec())];
    assert_eq!(read(&write(&members)), members);

    let mut writer = Writer::new(Vec::new());
    writer.begin(&file(b"plain", 9 << 30, None)).unwrap();
    assert_eq!(writer.content_left, 9 << 30);
    let mut reader = Reader::new(writer.output.as_slice());
    let entry = reader.next_entry().unwrap().unwrap();
    assert_eq!(entry, file(b"plain", 9 << 30, None));
}

#[test]
fn content_is_as_long_as_the_header_says() {
    let mut writer = Writer::new(Vec::new());
    writer.begin(&file(b"a", 5, None)).unwrap();
    let failure = writer.content(b"123456").unwrap_err();
    assert!(matches!(failure, WriteError::ContentTooLong { excess_bytes: 1 }));
    writer.content(b"123").unwrap();
    let failure = writer.begin(&file(b"b", 0, None)).unwrap_err();
    assert!(matches!(failure, WriteError::ContentMissing { missing_bytes: 2 }));
    writer.fill_content().unwrap();
    writer.begin(&file(b"b", 0, None)).unwrap();
    let bytes = writer.finish().unwrap();
    assert_eq!(read(&bytes)[0].1, b"123\0\0");
}

#[test]
fn what_no_tar_can_hold_is_refused_before_anything_is_written() {
    let mut writer = Writer::new(Vec::new());
    let region = |offset, length| Region { offset, length };
    let mut many = file(b"many", 0, None);
    many.xattrs = vec![(b"user.x".to_vec(), vec![0; 3 << 20])];
    for wrong in [
        file(b"", 0, None),
        file(b"a\0b", 0, None),
        entry(b"link", EntryKind::Symlink { target: Vec::new() }),
        file(b"sparse", 10, Some(vec![region(5, 6)])),
        file(b"sparse", 10, Some(vec![region(5, 2), region(4, 1)])),
        many,
    ] {
        writer.begin(&wrong).unwrap_err();
    }
    assert!(writer.output.is_empty());
}

fn has_gnu_tar() -> bool {
    Command::new("tar")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.stdout.windows(7).any(|window| window == b"GNU tar"))
}

/// Extracts with the machine's own tar.
fn extract(bytes: &[u8], into: &Path) {
    fs::write(into.join("archive.tar"), bytes).unwrap();
    let output = Command::new("tar")
        .args(["--xattrs", "--xattrs-include=user.*", "-xpf", "archive.tar"])
        .current_dir(into)
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn gnu_tar_extracts_every_kind() {
    require!(has_gnu_tar(), "GNU tar");
    let directory = tempfile::tempdir().unwrap();
    let long = [b"d/".as_slice(), &[b'n'; 200]].concat();
    let bytes_name = b"d/\xff\xc3\xa9\n".as_slice();
    let data = Region {
        offset: 1 << 20,
        length: 4096,
    };
    let tail = Region {
        offset: (2 << 20) - 4096,
        length: 4096,
    };
    let mut members = vec![
        (entry(b"d", EntryKind::Directory), Vec::new()),
        (file(&long, 5, None), b"hello".to_vec()),
        (file(bytes_name, 3, None), b"abc".to_vec()),
        (file(b"d/\xc3\xa9", 1200, None), vec![7; 1200]),
        (file(b"d/sparse", 4 << 20, Some(vec![data])), vec![1; 4096]),
        (file(b"d/full-tail\xff", 2 << 20, Some(vec![tail])), vec![2; 4096]),
        (file(b"d/hole", 4 << 20, Some(Vec::new())), Vec::new()),
        (
            entry(b"d/hard", EntryKind::HardLink { target: long.clone() }),
            Vec::new(),
        ),
        (
            entry(b"d/soft", EntryKind::Symlink { target: long.clone() }),
            Vec::new(),
        ),
        (entry(b"d/fifo", EntryKind::Fifo), Vec::new()),
    ];
    // Nobody else's rights, so that the directory stays open to its owner.
    members[0].0.mode = 0o700;
    extract(&write(&members), directory.path());
    let path = |name: &[u8]| directory.path().join(OsStr::from_bytes(name));
    for (entry, content) in &members {
        let metadata = fs::symlink_metadata(path(&entry.path)).unwrap();
        match &entry.kind {
            EntryKind::File { size_bytes, regions } => {
                assert_eq!(metadata.size(), *size_bytes, "{entry:?}");
                let mut expected = vec![0; *size_bytes as usize];
                let whole = [Region {
                    offset: 0,
                    length: *size_bytes,
                }];
                let mut at = 0;
                for region in regions.as_deref().unwrap_or(&whole) {
                    let length = region.length as usize;
                    expected[region.offset as usize..][..length].copy_from_slice(&content[at..][..length]);
                    at += length;
                }
                assert!(fs::read(path(&entry.path)).unwrap() == expected, "{entry:?}");
                assert_eq!(metadata.mtime_nsec(), 123_456_789);
                assert_eq!(metadata.mode() & 0o7777, 0o640);
                if regions.is_some() {
                    assert!(metadata.blocks() * 512 < *size_bytes, "{entry:?} has no holes");
                }
            }
            EntryKind::HardLink { target } => {
                assert_eq!(metadata.ino(), fs::metadata(path(target)).unwrap().ino());
            }
            EntryKind::Symlink { target } => {
                assert_eq!(fs::read_link(path(&entry.path)).unwrap().as_os_str().as_bytes(), target);
            }
            EntryKind::Directory => assert!(metadata.is_dir()),
            EntryKind::Fifo => assert!(metadata.file_type().is_fifo()),
            EntryKind::CharacterDevice(_) | EntryKind::BlockDevice(_) => unreachable!("not made by ordinary users"),
        }
    }
}

#[test]
fn gnu_tar_lists_devices_owners_and_times() {
    require!(has_gnu_tar(), "GNU tar");
    let directory = tempfile::tempdir().unwrap();
    let mut device = entry(
        b"tty",
        EntryKind::CharacterDevice(DeviceNumber {
            major: 4,
            minor: 300_000,
        }),
    );
    device.uid = 3_000_000_000;
    device.gid = 7;
    device.modified = Timestamp {
        seconds: -2,
        nanoseconds: 0,
    };
    fs::write(directory.path().join("a.tar"), write(&[(device, Vec::new())])).unwrap();
    let output = Command::new("tar")
        .args(["--full-time", "--utc", "--numeric-owner", "-tvf", "a.tar"])
        .current_dir(&directory)
        .output()
        .unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    let fields: Vec<_> = listing.split_whitespace().collect();
    assert_eq!(
        fields,
        [
            "crw-r-----",
            "3000000000/7",
            "4,300000",
            "1969-12-31",
            "23:59:58",
            "tty"
        ]
    );
}
