//! Empty writable disks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use container_ext4::{
    FormatError, FormatOptions, Journal, JournalMode, MountState, Timestamp, format_writable, mount_state,
};
use support::{UUID, assert_clean, debugfs};

fn options(size_bytes: u64) -> FormatOptions {
    let made = Timestamp {
        seconds: 1_700_000_000,
        nanoseconds: 0,
    };
    FormatOptions {
        size_bytes,
        uuid: UUID,
        label: "scratch".into(),
        made,
        root: (0o755, 0, 0),
        directories: Vec::new(),
        journal: Some(Journal::default()),
    }
}

fn overlay_directories() -> Vec<String> {
    vec!["upper".into(), "work".into()]
}

#[test]
fn disks_of_every_size_are_clean_and_sparse() {
    const MIB: u64 = 1 << 20;
    for size_bytes in [
        8 * MIB,
        9 * MIB + 5,
        100 * MIB,
        128 * MIB,
        129 * MIB,
        300 * MIB,
        1024 * MIB,
        65_536 * MIB,
        524_288 * MIB,
    ] {
        for (journal, directories) in [
            (true, vec![]),
            (true, overlay_directories()),
            (false, vec![]),
            (false, overlay_directories()),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            let options = FormatOptions {
                journal: journal.then(Journal::default),
                directories,
                ..options(size_bytes)
            };
            let disk = format_writable(&mut file, &options).unwrap();
            let found = file.as_file().metadata().unwrap();
            assert_eq!(found.len(), disk.size_bytes);
            assert_eq!(disk.journal_bytes > 0, journal);
            assert!(disk.size_bytes <= size_bytes && disk.size_bytes + 16 * MIB > size_bytes);
            assert!(
                found.blocks() * 512 < MIB,
                "{size_bytes} takes {} on the host",
                found.blocks() * 512
            );
            assert_clean(file.path());
        }
    }
}

#[test]
fn directories_are_empty_and_owned_as_the_root() {
    for journal in [true, false] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let options = FormatOptions {
            root: (0o750, 100_000, 7),
            directories: overlay_directories(),
            journal: journal.then(Journal::default),
            ..options(64 << 30)
        };
        format_writable(&mut file, &options).unwrap();
        assert_clean(file.path());
        for (path, inode, links) in [("/", 2, 4), ("/upper", 11, 2), ("/work", 12, 2)] {
            let stat = debugfs(file.path(), &format!("stat {path}"));
            let words: Vec<&str> = stat.split_whitespace().collect();
            for (key, value) in [
                ("Inode:", inode.to_string()),
                ("Type:", "directory".to_owned()),
                ("Mode:", "0750".to_owned()),
                ("User:", "100000".to_owned()),
                ("Group:", "7".to_owned()),
                ("Size:", "4096".to_owned()),
                ("Links:", links.to_string()),
            ] {
                assert!(
                    words.windows(2).any(|pair| pair == [key, value.as_str()]),
                    "{path} has not {key} {value} but {stat}"
                );
            }
        }
        // One line for each entry: /inode/mode/uid/gid/name/size/
        let names = |path: &str| -> Vec<String> {
            debugfs(file.path(), &format!("ls -p {path}"))
                .lines()
                .filter_map(|line| line.split('/').nth(5).map(str::to_owned))
                .collect()
        };
        assert_eq!(names("/"), [".", "..", "upper", "work"]);
        assert_eq!(names("/upper"), [".", ".."]);
        assert_eq!(names("/work"), [".", ".."]);
    }
}

#[test]
fn directories_fill_at_most_one_block_of_the_root() {
    // 338 entries of 12 bytes fill 4,056 of the 4,060 there are.
    let mut names: Vec<String> = ('\u{100}'..).take(338).map(String::from).collect();
    for journal in [true, false] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let options = FormatOptions {
            directories: names.clone(),
            journal: journal.then(Journal::default),
            ..options(8 << 20)
        };
        let disk = format_writable(&mut file, &options).unwrap();
        assert_eq!(disk.inodes, 512 - 10 - 338);
        assert_clean(file.path());
    }
    names.push("more".into());
    assert!(matches!(
        try_directories(names),
        Err(FormatError::TooManyDirectories { count: 339 })
    ));
}

#[test]
fn impossible_directories_are_refused_before_anything_is_written() {
    let (long, longest) = ("n".repeat(256), "n".repeat(255));
    for bad in ["", ".", "..", "a/b", "/a", "a\0", long.as_str(), "same"] {
        let outcome = try_directories(vec!["same".into(), bad.into()]);
        assert!(
            matches!(&outcome, Err(FormatError::DirectoryName { name }) if name == bad),
            "{bad:?} gives {outcome:?}"
        );
    }
    try_directories(vec![longest, "...".into(), " ".into()]).unwrap();
}

/// Makes a disk with these directories; when that is refused, nothing may have been written.
fn try_directories(directories: Vec<String>) -> Result<(), FormatError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let options = FormatOptions {
        directories,
        ..options(64 << 20)
    };
    let outcome = format_writable(&mut file, &options).map(drop);
    if outcome.is_ok() {
        assert_clean(file.path());
    } else {
        assert_eq!(file.as_file().metadata().unwrap().len(), 0);
    }
    outcome
}

#[test]
fn a_disk_without_journal_has_no_trace_of_one() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let options = FormatOptions {
        journal: None,
        ..options(64 << 30)
    };
    format_writable(&mut file, &options).unwrap();
    let stats = debugfs(file.path(), "stats -h");
    for absent in ["has_journal", "Journal"] {
        assert!(!stats.contains(absent), "{absent} is in {stats}");
    }
    assert!(stats.contains("metadata_csum") && stats.contains("discard"), "{stats}");
    let journal = debugfs(file.path(), "stat <8>");
    assert!(
        journal.contains("Mode:  0000") && journal.contains("Links: 0"),
        "{journal}"
    );
}

#[test]
fn journal_discard_and_checksums_are_on() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let disk = format_writable(&mut file, &options(64 << 30)).unwrap();
    assert_eq!(disk.journal_bytes, 64 << 20);
    let stats = debugfs(file.path(), "stats");
    for expected in [
        "has_journal",
        "metadata_csum",
        "discard",
        "acl",
        "scratch",
        "Journal inode:            8",
    ] {
        assert!(stats.contains(expected), "{expected} is not in {stats}");
    }
    assert!(debugfs(file.path(), "logdump").contains("Journal starts at block 0"));
}

#[test]
fn making_a_disk_writes_little() {
    let mut file: File = tempfile::tempfile().unwrap();
    let options = FormatOptions {
        directories: overlay_directories(),
        ..options(64 << 30)
    };
    format_writable(&mut file, &options).unwrap();
    // So little that it takes milliseconds, which no test can hold a busy host to.
    let written = file.metadata().unwrap().blocks() * 512;
    assert!(written < 4 << 20, "{written}");
}

#[test]
fn impossible_sizes_are_refused() {
    for size_bytes in [0, 1 << 20, 1 << 45] {
        let mut file = tempfile::tempfile().unwrap();
        assert!(matches!(
            format_writable(&mut file, &options(size_bytes)),
            Err(FormatError::Size { .. })
        ));
    }
}

#[test]
fn a_journal_has_the_mode_and_the_size_that_were_asked_for() {
    for (mode, shown) in [
        (JournalMode::Ordered, "user_xattr acl discard"),
        (JournalMode::Writeback, "journal_data_writeback"),
        (JournalMode::Data, "journal_data "),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let journal = Journal {
            mode,
            size_bytes: Some((8 << 20) + 1),
        };
        let options = FormatOptions {
            journal: Some(journal),
            ..options(1 << 30)
        };
        let disk = format_writable(&mut file, &options).unwrap();
        assert_eq!(disk.journal_bytes, (8 << 20) + 4096);
        assert_clean(file.path());
        let stats = debugfs(file.path(), "stats -h");
        assert!(stats.contains(shown), "{mode:?}: {stats}");
    }
    for (disk_bytes, size_bytes) in [(1 << 30, 4095 << 10), (1 << 30, 65 << 20), (8 << 20, 5 << 20)] {
        let journal = Journal {
            size_bytes: Some(size_bytes),
            ..Journal::default()
        };
        let options = FormatOptions {
            journal: Some(journal),
            ..options(disk_bytes)
        };
        let refused = format_writable(&mut tempfile::tempfile().unwrap(), &options);
        assert!(matches!(refused, Err(FormatError::JournalSize { .. })), "{refused:?}");
    }
}

#[test]
fn a_new_disk_was_never_mounted() {
    let mut file = tempfile::tempfile().unwrap();
    format_writable(&mut file, &options(64 << 20)).unwrap();
    let expected = MountState {
        was_mounted: false,
        needs_recovery: false,
    };
    assert_eq!(mount_state(&file).unwrap(), expected);
    assert!(mount_state(&tempfile::tempfile().unwrap()).is_err());
}
