//! Disks read back, whole and damaged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::sync::LazyLock;

use container_ext4::{
    BlockSize, DeviceNumber, Metadata, NodeKind, Piece, ReadError, Reader, Timestamp, WriteError, Writer, Xattr,
};
use proptest::prelude::*;
use support::{BLOCK_SIZES, Image, image_with, metadata, write_file};

fn xattr(name: &str, value: &[u8]) -> Xattr {
    Xattr {
        name: name.as_bytes().to_vec(),
        value: value.to_vec(),
    }
}

/// A disk with something of everything.
fn everything(block_size: BlockSize) -> Image {
    image_with(block_size, |writer| {
        let acl = [
            &[2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 5, 0, 232, 3, 0, 0][..],
            &[4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 5, 0, 255, 255, 255, 255],
            &[32, 0, 0, 0, 255, 255, 255, 255],
        ];
        let described = Metadata {
            mode: 0o2750,
            uid: 70_000,
            gid: 3_000_000_000,
            modified: Timestamp {
                seconds: -5,
                nanoseconds: 999_999_999,
            },
            xattrs: vec![
                xattr("user.small", b"v"),
                xattr("user.block", &[7; 200]),
                xattr("trusted.large", &[8; 60_000]),
                xattr("system.posix_acl_default", &acl.concat()),
            ],
        };
        writer.directory(b"described", described).unwrap();
        write_file(writer, "undescribed/file", &[9; 100_000]);
        writer.hard_link(b"again", b"undescribed/file").unwrap();
        for number in 0..500 {
            write_file(writer, &format!("many/{number}"), b"");
        }
        let mut sparse = writer.file(b"sparse", metadata(0o600)).unwrap();
        for piece in 0..20_u8 {
            sparse.skip(1 << 20).unwrap();
            sparse.append(&[piece + 1; 10]).unwrap();
        }
        sparse.finish().unwrap();
        writer.symlink(b"short", b"target", metadata(0o777)).unwrap();
        writer.symlink(b"long", &[b't'; 1000], metadata(0o777)).unwrap();
        let device = DeviceNumber { major: 259, minor: 300 };
        writer.block_device(b"block", device, metadata(0o660)).unwrap();
        let device = DeviceNumber { major: 1, minor: 3 };
        writer.character_device(b"character", device, metadata(0o666)).unwrap();
        writer.fifo(b"fifo", metadata(0o600)).unwrap();
        writer.socket(b"socket", metadata(0o600)).unwrap();
    })
}

fn content(reader: &Reader, inode: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = reader.content(&reader.node(inode).unwrap(), |piece| {
        match piece {
            Piece::Bytes(piece) => bytes.extend_from_slice(piece),
            Piece::Hole(length) => bytes.resize(bytes.len() + length as usize, 0),
        }
        Ok::<_, ReadError>(())
    });
    read.unwrap();
    bytes
}

#[test]
fn what_was_written_is_read() {
    for block_size in BLOCK_SIZES {
        let image = everything(block_size);
        let reader = Reader::open(image.file.reopen().unwrap()).unwrap();
        let mut names = reader.names(&reader.root().unwrap()).unwrap();
        names.sort();
        let find = |name: &str| names.find(name.as_bytes()).unwrap();
        let kind = |name: &str| reader.node(find(name)).unwrap().kind();

        let described = reader.node(find("described")).unwrap();
        let found = described.metadata();
        assert_eq!((found.mode, found.uid, found.gid), (0o2750, 70_000, 3_000_000_000));
        assert_eq!((found.modified.seconds, found.modified.nanoseconds), (-5, 999_999_999));
        let xattrs: BTreeMap<Vec<u8>, usize> = reader
            .xattrs(&described)
            .unwrap()
            .into_iter()
            .map(|xattr| (xattr.name, xattr.value.len()))
            .collect();
        assert_eq!(xattrs[&b"trusted.large"[..]], 60_000);
        assert_eq!(xattrs[&b"user.block"[..]], 200);
        assert_eq!(xattrs[&b"system.posix_acl_default"[..]], 44);
        assert!(!described.is_undescribed() && reader.root().unwrap().is_undescribed());
        assert!(reader.node(find("undescribed")).unwrap().is_undescribed());

        assert_eq!(content(&reader, find("again")), [9; 100_000]);
        assert_eq!(reader.node(find("again")).unwrap().links(), 2);
        let sparse = content(&reader, find("sparse"));
        assert_eq!(sparse.len(), 20 * ((1 << 20) + 10));
        assert!((0..20).all(|piece| sparse[(piece + 1) * ((1 << 20) + 10) - 1] == piece as u8 + 1));
        assert_eq!(reader.names(&reader.node(find("many")).unwrap()).unwrap().len(), 500);
        assert_eq!(
            reader.link_target(&reader.node(find("short")).unwrap()).unwrap(),
            b"target"
        );
        assert_eq!(
            reader.link_target(&reader.node(find("long")).unwrap()).unwrap(),
            [b't'; 1000]
        );
        let device = DeviceNumber { major: 259, minor: 300 };
        assert_eq!(kind("block"), NodeKind::BlockDevice(device));
        let device = DeviceNumber { major: 1, minor: 3 };
        assert_eq!(kind("character"), NodeKind::CharacterDevice(device));
        assert_eq!((kind("fifo"), kind("socket")), (NodeKind::Fifo, NodeKind::Socket));
    }
}

#[test]
fn a_disk_laid_on_nothing_is_itself() {
    for (from, to) in [(BlockSize::Kib1, BlockSize::Kib4), (BlockSize::Kib4, BlockSize::Kib1)] {
        let image = everything(from);
        let laid = image_with(to, |writer| {
            writer
                .lay(&Reader::open(image.file.reopen().unwrap()).unwrap())
                .unwrap();
        });
        assert_eq!(laid.summary.inodes, image.summary.inodes);
        let (before, after) = (image.reader(), laid.reader());
        for path in [
            "described",
            "undescribed/file",
            "again",
            "sparse",
            "long",
            "block",
            "many/499",
        ] {
            let (one, other) = (before.lookup(path).1, after.lookup(path).1);
            let facts = |inode: &support::reader::Inode| {
                (
                    inode.mode(),
                    inode.uid(),
                    inode.gid(),
                    inode.size(),
                    inode.links(),
                    inode.modified(),
                )
            };
            // A directory's size is in blocks.
            if path != "described" {
                assert_eq!(facts(&one), facts(&other), "{path}");
            }
            assert_eq!(before.xattrs(&one), after.xattrs(&other), "{path}");
        }
        let sparse = |reader: &support::reader::Reader| reader.content(&reader.lookup("sparse").1);
        assert!(sparse(&before) == sparse(&after));
    }
}

#[test]
fn a_disk_of_more_groups_than_its_blocks_make_is_refused() {
    let image = everything(BlockSize::Kib4);
    let file = image.file.as_file();
    // As large as a machine may have it, with nothing in it.
    file.set_len(64 << 30).unwrap();
    let mut before = [0; 1024];
    file.read_exact_at(&mut before, 1024).unwrap();
    let open = || Reader::open(image.file.reopen().unwrap());
    assert!(open().is_ok());
    let (inodes, blocks_per_group, inodes_per_group) = (0x00, 0x20, 0x28);
    for changes in [
        [(inodes, 1_u32 << 20), (inodes_per_group, 1)],
        [(inodes, 1 << 20), (blocks_per_group, 32_768)],
        [(inodes_per_group, 1 << 20), (blocks_per_group, 32_768)],
        [(inodes, 0), (blocks_per_group, 8)],
        [(inodes, 0), (blocks_per_group, 0)],
    ] {
        for (at, value) in changes {
            file.write_all_at(&value.to_le_bytes(), 1024 + at).unwrap();
        }
        let error = open().unwrap_err();
        assert!(
            matches!(error, ReadError::Damaged { what } if what.contains("groups")),
            "{changes:x?}: {error}"
        );
        file.write_all_at(&before, 1024).unwrap();
    }
}

/// Reads all there is.
fn read_all(file: File) -> Result<(), ReadError> {
    let reader = Reader::open(file)?;
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![reader.root()?];
    while let Some(node) = open.pop() {
        reader.xattrs(&node)?;
        match node.kind() {
            NodeKind::Directory => {
                let names = reader.names(&node)?;
                for index in 0..names.len() {
                    let (_, inode) = names.get(index).unwrap();
                    if seen.insert(inode) {
                        open.push(reader.node(inode)?);
                    }
                }
            }
            NodeKind::Symlink => drop(reader.link_target(&node)?),
            // A size may be anything.
            NodeKind::File if node.size_bytes() < 1 << 30 => reader.content(&node, |_| Ok::<_, ReadError>(()))?,
            _ => {}
        }
    }
    Ok(())
}

/// The bytes of a disk with something of everything.
static DISK: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read(everything(BlockSize::Kib1).file.path()).unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn damage_ends_in_an_error_or_in_other_content(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0..1024_usize, any::<u8>()), 1..60),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = DISK.clone();
        // The first megabytes are room for descriptors; what matters lies behind them and at the very start.
        let blocks = bytes.chunks_exact(1024).enumerate();
        let used: Vec<usize> = blocks.filter(|(_, block)| block.iter().any(|byte| *byte != 0)).map(|(at, _)| at).collect();
        for (block, at, value) in &damage {
            bytes[*block.get(&used) * 1024 + at] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let file = || {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            file
        };
        let _ = read_all(file());
        if let Ok(reader) = Reader::open(file()) {
            let disk = tempfile::tempfile().unwrap();
            let options = container_ext4::Options::default();
            let mut writer = Writer::new(&disk, tempfile::tempfile().unwrap(), options).unwrap();
            let laid: Result<(), WriteError> = writer.lay(&reader);
            drop(laid);
        }
    }
}
