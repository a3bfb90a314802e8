//! What the writer promises to keep, on disks with blocks of 1 KiB: their superblock, groups and trees lie elsewhere than on those of 4 KiB.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use container_ext4::{BlockSize, Metadata, Options, WriteError, Writer, Xattr};
use support::{Image, image_with, metadata, write_file};

fn small_image(build: impl FnOnce(&mut Writer<&std::fs::File>)) -> Image {
    image_with(BlockSize::Kib1, build)
}

#[test]
fn contents_of_all_sizes_survive() {
    let content = |size: usize| (0..size).map(|at| (at * 31 % 251) as u8 | 1).collect::<Vec<u8>>();
    let sizes = [0, 1, 1023, 1024, 1025, 4095, 4097, 65_535, 65_537, (3 << 20) + 5];
    let image = small_image(|writer| {
        sizes
            .iter()
            .for_each(|size| write_file(writer, &format!("f{size}"), &content(*size)))
    });
    let reader = image.reader();
    for size in sizes {
        let (_, inode) = reader.lookup(&format!("f{size}"));
        assert_eq!(reader.content(&inode), content(size));
        assert_eq!(u64::from(inode.sectors()), size.div_ceil(1024) as u64 * 2);
    }
}

#[test]
fn disks_that_end_anywhere_in_a_group_are_clean() {
    for kib in [8_130, 8_160, 8_190, 8_191, 8_192, 8_193, 8_200, 16_370, 16_380, 16_390] {
        let image = small_image(|writer| write_file(writer, "f", &vec![1; kib << 10]));
        assert_eq!(image.reader().lookup("f").1.size(), (kib as u64) << 10);
    }
}

#[test]
fn more_inodes_than_data_get_groups_of_their_own() {
    let image = small_image(|writer| {
        for number in 0..40_000 {
            writer
                .fifo(format!("d{}/{number}", number % 13).as_bytes(), metadata(0o600))
                .unwrap();
        }
    });
    let reader = image.reader();
    assert_eq!(reader.entries(&reader.lookup("d7").1).len(), 3_077);
}

#[test]
fn large_directories_have_an_index_of_three_levels() {
    let image = small_image(|writer| {
        for number in 0..130_000 {
            let name = format!("{number:06}{}", "n".repeat(180));
            writer.fifo(format!("big/{name}").as_bytes(), metadata(0o777)).unwrap();
        }
    });
    let reader = image.reader();
    assert_eq!(reader.entries(&reader.lookup("big").1).len(), 130_000);
    let path = format!("stat /big/077777{}", "n".repeat(180));
    assert!(image.debugfs(&path).contains("Type: FIFO"));
    assert!(image.debugfs("htree_dump /big").contains("Indirect levels: 2"));
}

#[test]
fn files_of_many_pieces_get_a_tree_of_extents() {
    let pieces = 2_000_u64;
    let image = small_image(|writer| {
        let mut file = writer.file(b"f", metadata(0o644)).unwrap();
        for piece in 0..pieces {
            file.append(&(piece + 1).to_le_bytes()).unwrap();
            file.skip(100_000 - 8).unwrap();
        }
        file.finish().unwrap();
        let mut file = writer.file(b"long", metadata(0o644)).unwrap();
        (0..200).for_each(|_| file.append(&[1; 1 << 20]).unwrap());
        file.finish().unwrap();
    });
    let reader = image.reader();
    let content = reader.content(&reader.lookup("f").1);
    for piece in 0..pieces {
        let at = piece as usize * 100_000;
        assert_eq!(content[at..at + 8], (piece + 1).to_le_bytes());
    }
    assert_eq!(reader.extents(&reader.lookup("long").1).len(), 7);
}

#[test]
fn attributes_go_to_inodes_of_their_own_when_a_block_is_too_small() {
    let xattr = |name: &str, value: &[u8]| Xattr {
        name: name.into(),
        value: value.to_vec(),
    };
    let sets = [
        vec![xattr("user.large", &vec![b'l'; 65_536]), xattr("user.small", b"1")],
        (0..12)
            .map(|number| xattr(&format!("user.n{number}"), &vec![b'v'; 80 + number * 20]))
            .collect(),
        vec![xattr(&format!("user.{}", "n".repeat(250)), b"long name")],
    ];
    let image = small_image(|writer| {
        for (index, xattrs) in sets.iter().enumerate() {
            let metadata = Metadata {
                xattrs: xattrs.clone(),
                ..metadata(0o755)
            };
            writer.directory(format!("d{index}").as_bytes(), metadata).unwrap();
        }
    });
    let reader = image.reader();
    for (index, xattrs) in sets.iter().enumerate() {
        let found = reader.xattrs(&reader.lookup(&format!("d{index}")).1);
        assert_eq!(found.len(), xattrs.len());
        for xattr in xattrs {
            assert_eq!(found[&(1, xattr.name[5..].to_vec())], xattr.value);
        }
    }
}

#[test]
fn what_needs_larger_blocks_says_so() {
    let memory = || std::io::Cursor::new(Vec::new());
    let options = Options {
        block_size: BlockSize::Kib1,
        ..Options::default()
    };
    let mut writer = Writer::new(memory(), memory(), options).unwrap();
    writer.symlink(b"short", &[b't'; 1023], metadata(0o777)).unwrap();
    for (length, expected) in [(1024, true), (4095, true), (4096, false)] {
        let error = writer.symlink(b"l", &vec![b't'; length], metadata(0o777)).unwrap_err();
        assert_eq!(matches!(error, WriteError::BlocksTooSmall { .. }), expected, "{length}");
    }
    let mut many = |count: usize| {
        let xattrs = (0..count)
            .map(|number| Xattr {
                name: format!("user.{number:0>20}").into_bytes(),
                value: Vec::new(),
            })
            .collect();
        writer.fifo(b"f", Metadata { xattrs, ..metadata(0) })
    };
    many(27).unwrap();
    assert!(matches!(many(28).unwrap_err(), WriteError::BlocksTooSmall { .. }));
    assert!(matches!(many(200).unwrap_err(), WriteError::TooManyXattrs { .. }));
}
