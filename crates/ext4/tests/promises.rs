//! What the writer promises to keep, each on a disk that `e2fsck` accepts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use container_ext4::{DeviceNumber, Limits, Metadata, Options, Timestamp, WriteError, Writer, Xattr};
use support::{image, metadata, write_file};

#[test]
fn an_empty_disk_is_clean_and_small() {
    let image = image(|_| {});
    assert!(image.summary.disk_bytes < 1 << 20);
    assert!(image.reader().entries(&image.reader().inode(2)).is_empty());
}

#[test]
fn equal_input_gives_equal_bytes() {
    let make = || {
        let image = image(|writer| {
            for number in 0..500 {
                write_file(
                    writer,
                    &format!("d{}/f{number}", number % 7),
                    &vec![number as u8; number * 10],
                );
            }
        });
        std::fs::read(image.file.path()).unwrap()
    };
    assert!(make() == make());
}

#[test]
fn contents_of_all_sizes_survive() {
    let content = |size: usize| (0..size).map(|at| (at * 31 % 251) as u8 | 1).collect::<Vec<u8>>();
    let sizes = [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1 << 20, (3 << 20) + 5];
    let image = image(|writer| {
        sizes
            .iter()
            .for_each(|size| write_file(writer, &format!("f{size}"), &content(*size)))
    });
    let reader = image.reader();
    for size in sizes {
        let (_, inode) = reader.lookup(&format!("f{size}"));
        assert_eq!(reader.content(&inode), content(size));
        assert_eq!(u64::from(inode.sectors()), size.div_ceil(4096) as u64 * 8);
    }
}

#[test]
fn content_may_come_in_any_pieces() {
    let content: Vec<u8> = (0..300_000_u32).map(|at| (at / 3) as u8).collect();
    let image = image(|writer| {
        for (index, piece) in [1, 7, 4096, 65_536, 100_000].into_iter().enumerate() {
            let mut file = writer.file(format!("f{index}").as_bytes(), metadata(0o600)).unwrap();
            content.chunks(piece).for_each(|bytes| file.append(bytes).unwrap());
            file.finish().unwrap();
        }
    });
    let reader = image.reader();
    for index in 0..5 {
        assert_eq!(reader.content(&reader.lookup(&format!("f{index}")).1), content);
    }
}

#[test]
fn a_sparse_file_of_10_gib_takes_no_space() {
    let image = image(|writer| {
        let mut file = writer.file(b"sparse", metadata(0o644)).unwrap();
        file.skip(5 << 30).unwrap();
        file.append(b"middle").unwrap();
        file.skip((10 << 30) - (5 << 30) - 6).unwrap();
        file.finish().unwrap();
    });
    assert!(image.summary.disk_bytes < 1 << 20);
    let reader = image.reader();
    let (_, inode) = reader.lookup("sparse");
    assert_eq!(inode.size(), 10 << 30);
    let extents = reader.extents(&inode);
    assert_eq!(
        extents
            .iter()
            .map(|(logical, _, count)| (*logical, *count))
            .collect::<Vec<_>>(),
        [(5 << 18, 1)]
    );
}

#[test]
fn runs_of_zeros_become_holes() {
    let image = image(|writer| {
        let mut content = vec![0; 1 << 20];
        content[700_000] = 1;
        write_file(writer, "f", &content);
    });
    let reader = image.reader();
    let (_, inode) = reader.lookup("f");
    assert_eq!(inode.sectors(), 16 * 8);
    let content = reader.content(&inode);
    assert!(
        content.len() == 1 << 20 && content[700_000] == 1 && content.iter().filter(|byte| **byte != 0).count() == 1
    );
}

#[test]
fn files_of_many_pieces_get_a_tree_of_extents() {
    let pieces = 2_000_u64;
    let image = image(|writer| {
        let mut file = writer.file(b"f", metadata(0o644)).unwrap();
        for piece in 0..pieces {
            file.append(&(piece + 1).to_le_bytes()).unwrap();
            file.skip(100_000 - 8).unwrap();
        }
        file.finish().unwrap();
    });
    let reader = image.reader();
    let (_, inode) = reader.lookup("f");
    assert_eq!(reader.extents(&inode).len(), pieces as usize);
    let content = reader.content(&inode);
    for piece in 0..pieces {
        let at = piece as usize * 100_000;
        assert_eq!(content[at..at + 8], (piece + 1).to_le_bytes());
    }
}

#[test]
fn a_directory_of_100_000_entries_is_hashed_and_complete() {
    let image = image(|writer| {
        for number in 0..100_000 {
            writer
                .symlink(format!("big/entry-{number:06}").as_bytes(), b"t", metadata(0o777))
                .unwrap();
        }
    });
    let reader = image.reader();
    let (_, directory) = reader.lookup("big");
    assert_ne!(directory.flags() & 0x1000, 0, "the directory has an index");
    assert_eq!(reader.entries(&directory).len(), 100_000);
    assert!(image.debugfs("stat /big/entry-077777").contains("Type: symlink"));
}

#[test]
fn hashed_directories_take_names_of_every_length() {
    let name = |number: usize| format!("{number:05}{}", "x".repeat(number % 251));
    // Enough for an index of two levels.
    let image = image(|writer| {
        (0..20_000).for_each(|number| writer.fifo(name(number).as_bytes(), metadata(0o644)).unwrap());
    });
    let reader = image.reader();
    let entries = reader.entries(&reader.inode(2));
    assert_eq!(entries.len(), 20_000);
    assert!((0..20_000).all(|number| entries.contains_key(name(number).as_bytes())));
    assert!(image.debugfs("htree_dump /").contains("Indirect levels: 1"));
}

#[test]
fn names_are_bytes_of_up_to_255() {
    let long = vec![b'n'; 255];
    let odd = b"\xff\xfe\n\\ \x01".to_vec();
    let image = image(|writer| {
        writer.fifo(&long, metadata(0o600)).unwrap();
        writer.fifo(&odd, metadata(0o600)).unwrap();
        assert!(matches!(
            writer.fifo(&[b'n'; 256], metadata(0o600)),
            Err(WriteError::InvalidPath { .. })
        ));
    });
    let reader = image.reader();
    let entries = reader.entries(&reader.inode(2));
    assert!(entries.contains_key(&long) && entries.contains_key(&odd) && entries.len() == 2);
}

#[test]
fn symlinks_keep_targets_of_1_to_4095_bytes() {
    let lengths = [1, 58, 59, 60, 61, 4000, 4094, 4095];
    let image = image(|writer| {
        for length in lengths {
            writer
                .symlink(format!("l{length}").as_bytes(), &vec![b't'; length], metadata(0o777))
                .unwrap();
        }
        let refused = writer.symlink(b"long", &[b't'; 4096], metadata(0o777));
        assert!(matches!(refused, Err(WriteError::InvalidSymlink { .. })));
    });
    let reader = image.reader();
    for length in lengths {
        assert_eq!(
            reader.symlink(&reader.lookup(&format!("l{length}")).1),
            vec![b't'; length]
        );
    }
}

#[test]
fn hard_links_share_an_inode_across_directories() {
    let image = image(|writer| {
        write_file(writer, "a/file", b"content");
        writer.hard_link(b"b/link", b"a/file").unwrap();
        writer.hard_link(b"c/d/link", b"/b/link").unwrap();
        let missing = writer.hard_link(b"x", b"no/such").unwrap_err();
        assert_eq!(missing.to_string(), r#"hard link "x" to "no/such", which is not there"#);
        // It may be something else in a layer below.
        let undescribed = writer.hard_link(b"x", b"a").unwrap_err();
        assert_eq!(undescribed.to_string(), r#"hard link "x" to "a", which is not there"#);
        writer.directory(b"a", metadata(0o755)).unwrap();
        let directory = writer.hard_link(b"x", b"a").unwrap_err();
        assert_eq!(directory.to_string(), r#"hard link "x" to the directory "a""#);
    });
    let reader = image.reader();
    let numbers: Vec<u32> = ["a/file", "b/link", "c/d/link"]
        .iter()
        .map(|path| reader.lookup(path).0)
        .collect();
    assert!(numbers.iter().all(|number| *number == numbers[0]));
    assert_eq!(reader.lookup("a/file").1.links(), 3);
}

#[test]
fn hard_links_may_replace_what_holds_their_target() {
    let image = image(|writer| {
        write_file(writer, "a/file", b"content");
        writer.hard_link(b"a", b"a/file").unwrap();
    });
    let reader = image.reader();
    let (_, inode) = reader.lookup("a");
    assert_eq!((reader.content(&inode), inode.links()), (b"content".to_vec(), 1));
}

#[test]
fn devices_fifos_sockets_and_special_bits_survive() {
    let null = DeviceNumber { major: 1, minor: 3 };
    let large = DeviceNumber {
        major: 4095,
        minor: 0xf_ffff,
    };
    let image = image(|writer| {
        writer.character_device(b"null", null, metadata(0o666)).unwrap();
        writer
            .character_device(b"whiteout", DeviceNumber { major: 0, minor: 0 }, metadata(0))
            .unwrap();
        writer.block_device(b"large", large, metadata(0o660)).unwrap();
        writer.fifo(b"fifo", metadata(0o1644)).unwrap();
        writer.socket(b"socket", metadata(0o2755)).unwrap();
        write_file(writer, "x", b"");
        writer.file(b"setuid", metadata(0o6755)).unwrap().finish().unwrap();
        let impossible = DeviceNumber { major: 4096, minor: 0 };
        assert!(matches!(
            writer.block_device(b"no", impossible, metadata(0)),
            Err(WriteError::InvalidDevice { .. })
        ));
    });
    let reader = image.reader();
    let of = |path: &str| reader.lookup(path).1;
    assert_eq!((of("null").mode(), of("null").device()), (0o020_666, (1, 3)));
    assert_eq!((of("whiteout").mode(), of("whiteout").device()), (0o020_000, (0, 0)));
    assert_eq!(
        (of("large").mode(), of("large").device()),
        (0o060_660, (4095, 0xf_ffff))
    );
    assert_eq!(of("fifo").mode(), 0o011_644);
    assert_eq!(of("socket").mode(), 0o142_755);
    assert_eq!(of("setuid").mode(), 0o106_755);
    assert!(
        image
            .debugfs("stat /large")
            .contains("Device major/minor number: 4095:1048575")
    );
}

#[test]
fn owners_of_32_bits_and_times_from_1901_to_2446_survive() {
    let times = [
        (-2_147_483_648, 0),
        (-1, 999_999_999),
        (0, 1),
        (4_102_444_800, 5),
        (15_032_385_535, 7),
    ];
    let image = image(|writer| {
        for (index, (seconds, nanoseconds)) in times.into_iter().enumerate() {
            let modified = Timestamp { seconds, nanoseconds };
            let metadata = Metadata {
                mode: 0o700,
                uid: u32::MAX - 1,
                gid: 70_000,
                modified,
                xattrs: Vec::new(),
            };
            writer.directory(format!("d{index}").as_bytes(), metadata).unwrap();
        }
    });
    let reader = image.reader();
    for (index, time) in times.into_iter().enumerate() {
        let (_, inode) = reader.lookup(&format!("d{index}"));
        assert_eq!(
            (inode.uid(), inode.gid(), inode.modified()),
            (u32::MAX - 1, 70_000, time)
        );
    }
    assert!(image.debugfs("stat /d3").contains("2100"));
}

fn xattr(name: &str, value: &[u8]) -> Xattr {
    Xattr {
        name: name.into(),
        value: value.to_vec(),
    }
}

#[test]
fn attributes_of_every_size_survive() {
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let sets: Vec<Vec<Xattr>> = vec![
        vec![xattr("security.capability", &capability)],
        vec![xattr("user.empty", b""), xattr("trusted.overlay.opaque", b"y")],
        vec![xattr("security.selinux", &[b's'; 100])],
        vec![
            xattr("user.large", &vec![b'l'; 65_536]),
            xattr("user.small", b"1"),
            xattr("security.capability", &capability),
        ],
        (0..40)
            .map(|number| xattr(&format!("user.n{number}"), &vec![b'v'; number * 20]))
            .collect(),
        vec![
            xattr("user.a", &vec![b'a'; 3000]),
            xattr("user.b", &vec![b'b'; 3000]),
            xattr("user.c", &[b'c'; 60]),
        ],
        vec![xattr(&format!("user.{}", "n".repeat(250)), b"long name")],
    ];
    let image = image(|writer| {
        for (index, xattrs) in sets.iter().enumerate() {
            let metadata = Metadata {
                xattrs: xattrs.clone(),
                ..metadata(0o644)
            };
            writer
                .file(format!("f{index}").as_bytes(), metadata.clone())
                .unwrap()
                .finish()
                .unwrap();
            writer.directory(format!("d{index}").as_bytes(), metadata).unwrap();
        }
    });
    let reader = image.reader();
    let index_of = |name: &str| match name {
        "user" => 1,
        "trusted" => 4,
        _ => 6,
    };
    for (index, xattrs) in sets.iter().enumerate() {
        for kind in ["f", "d"] {
            let found = reader.xattrs(&reader.lookup(&format!("{kind}{index}")).1);
            assert_eq!(found.len(), xattrs.len());
            for xattr in xattrs {
                let name = String::from_utf8(xattr.name.clone()).unwrap();
                let (space, rest) = name.split_once('.').unwrap();
                assert_eq!(
                    found[&(index_of(space), rest.as_bytes().to_vec())],
                    xattr.value,
                    "{name}"
                );
            }
        }
    }
    assert!(image.debugfs("ea_get /f3 user.small").contains("(1) = \"1\""));
}

#[test]
fn acls_are_stored_in_the_form_of_the_disk() {
    let acl = [
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 232, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4,
        0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
    ];
    let image = image(|writer| {
        let xattrs = vec![
            xattr("system.posix_acl_access", &acl),
            xattr("system.posix_acl_default", &acl),
        ];
        writer
            .directory(
                b"d",
                Metadata {
                    xattrs,
                    ..metadata(0o755)
                },
            )
            .unwrap();
    });
    let found = image.reader().xattrs(&image.reader().lookup("d").1);
    let disk = [
        1, 0, 0, 0, 1, 0, 6, 0, 2, 0, 4, 0, 232, 3, 0, 0, 4, 0, 4, 0, 16, 0, 4, 0, 32, 0, 0, 0,
    ]
    .to_vec();
    assert_eq!(found[&(2, Vec::new())], disk);
    assert_eq!(found[&(3, Vec::new())], disk);
    // debugfs converts back to the form of the system calls.
    assert!(
        image
            .debugfs("ea_get -x /d system.posix_acl_access")
            .contains("02 00 00 00 01 00 06 00")
    );
}

#[test]
fn attributes_that_cannot_be_stored_are_refused() {
    let image = image(|writer| {
        let mut refused = |xattrs: Vec<Xattr>| writer.fifo(b"f", Metadata { xattrs, ..metadata(0) }).unwrap_err();
        assert!(matches!(
            refused(vec![xattr("lustre.lov", b"")]),
            WriteError::InvalidXattr { .. }
        ));
        assert!(matches!(
            refused(vec![xattr("user.", b"")]),
            WriteError::InvalidXattr { .. }
        ));
        assert!(matches!(
            refused(vec![xattr("user.x", &vec![0; 65_537])]),
            WriteError::InvalidXattr { .. }
        ));
        assert!(matches!(
            refused(vec![xattr("system.posix_acl_access", b"?")]),
            WriteError::InvalidXattr { .. }
        ));
        let many = (0..200)
            .map(|number| xattr(&format!("user.{number:0>20}"), b""))
            .collect();
        assert!(matches!(refused(many), WriteError::TooManyXattrs { .. }));
    });
    assert!(image.reader().find("f").is_none());
}

#[test]
fn entries_replace_each_other_and_directories_merge() {
    let image = image(|writer| {
        write_file(writer, "d/kept", b"1");
        writer.directory(b"d", metadata(0o700)).unwrap();
        write_file(writer, "tree/a/b", &[7; 100_000]);
        write_file(writer, "tree", b"now a file");
        write_file(writer, "twice", &[1; 50_000]);
        write_file(writer, "twice", b"2");
        writer.symlink(b"was-file", b"x", metadata(0o777)).unwrap();
        writer.directory(b"was-file", metadata(0o711)).unwrap();
        writer.directory(b"/", metadata(0o750)).unwrap();
    });
    let reader = image.reader();
    assert_eq!(reader.lookup("d").1.mode(), 0o040_700);
    assert_eq!(reader.content(&reader.lookup("d/kept").1), b"1");
    assert_eq!(reader.content(&reader.lookup("tree").1), b"now a file");
    assert_eq!(reader.content(&reader.lookup("twice").1), b"2");
    assert_eq!(reader.lookup("was-file").1.mode(), 0o040_711);
    assert_eq!(reader.inode(2).mode(), 0o040_750);
}

#[test]
fn nothing_is_written_outside_of_the_root() {
    let image = image(|writer| {
        write_file(writer, "/a/../../../escaped", b"1");
        writer.symlink(b"up", b"../../..", metadata(0o777)).unwrap();
        write_file(writer, "up/through-link", b"2");
        writer.symlink(b"absolute", b"/real/deep", metadata(0o777)).unwrap();
        write_file(writer, "absolute/file", b"3");
        writer.symlink(b"loop", b"loop", metadata(0o777)).unwrap();
        assert!(matches!(
            writer.fifo(b"loop/x", metadata(0)),
            Err(WriteError::SymlinkLoop { .. })
        ));
        assert!(matches!(
            writer.fifo(b"escaped/x", metadata(0)),
            Err(WriteError::NotADirectory { .. })
        ));
        assert!(matches!(
            writer.fifo(b"a/..", metadata(0)),
            Err(WriteError::InvalidPath { .. })
        ));
    });
    let reader = image.reader();
    assert_eq!(reader.content(&reader.lookup("escaped").1), b"1");
    assert_eq!(reader.content(&reader.lookup("through-link").1), b"2");
    assert_eq!(reader.content(&reader.lookup("real/deep/file").1), b"3");
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing() {
    let image = image(|writer| {
        let mut file = writer.file(b"half", metadata(0o644)).unwrap();
        file.append(&[9; 3_000_001]).unwrap();
        drop(file);
        write_file(writer, "whole", b"1");
        writer
            .file(b"last", metadata(0o644))
            .unwrap()
            .append(b"unfinished")
            .unwrap();
    });
    let reader = image.reader();
    assert_eq!(
        reader.entries(&reader.inode(2)).into_keys().collect::<Vec<_>>(),
        [b"whole".to_vec()]
    );
}

#[test]
fn many_subdirectories_and_many_empty_files_fit() {
    let image = image(|writer| {
        for number in 0..66_000 {
            writer
                .directory(format!("d/{number}").as_bytes(), metadata(0o755))
                .unwrap();
        }
    });
    let reader = image.reader();
    assert_eq!(reader.lookup("d").1.links(), 1);
    assert_eq!(reader.lookup("/").1.links(), 3);
}

#[test]
fn limits_bound_memory_and_size() {
    let writer = |limits, capacity_bytes| {
        let options = Options {
            limits,
            capacity_bytes,
            ..Options::default()
        };
        let memory = || std::io::Cursor::new(Vec::new());
        Writer::new(memory(), memory(), options).unwrap()
    };
    let mut few = writer(
        Limits {
            entries: 3,
            ..Limits::default()
        },
        1 << 30,
    );
    few.fifo(b"a", metadata(0)).unwrap();
    few.fifo(b"b", metadata(0)).unwrap();
    assert!(matches!(
        few.fifo(b"c", metadata(0)),
        Err(WriteError::TooManyEntries { limit: 3 })
    ));
    let mut short = writer(
        Limits {
            retained_bytes: 1000,
            ..Limits::default()
        },
        1 << 30,
    );
    assert!(matches!(
        short.symlink(b"a", &[b'a'; 1001], metadata(0)),
        Err(WriteError::TooMuchMetadata { .. })
    ));
    let mut small = writer(Limits::default(), 1 << 20);
    let mut file = small.file(b"a", metadata(0)).unwrap();
    assert!(matches!(file.append(&[1; 2 << 20]), Err(WriteError::DiskFull { .. })));
    let mut large = writer(Limits::default(), 1 << 30);
    assert!(matches!(
        large.file(b"a", metadata(0)).unwrap().skip(1 << 45),
        Err(WriteError::FileTooLarge { .. })
    ));
}

#[test]
fn files_larger_than_a_group_are_whole() {
    let image = image(|writer| {
        let mut file = writer.file(b"large", metadata(0o644)).unwrap();
        let piece: Vec<u8> = (0..1 << 20).map(|at| (at % 253 + 1) as u8).collect();
        for _ in 0..300 {
            file.append(&piece).unwrap();
        }
        file.finish().unwrap();
        write_file(writer, "after", b"1");
    });
    let reader = image.reader();
    let (_, inode) = reader.lookup("large");
    assert_eq!((inode.size(), inode.sectors()), (300 << 20, 600 << 10));
    assert_eq!(reader.extents(&inode).len(), 3);
    assert!(image.summary.disk_bytes < 301 << 20);
}
