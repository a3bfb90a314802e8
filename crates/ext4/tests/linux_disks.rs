//! Disks that Linux's own tools made and changed are read whole, and damaged ones without harm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt};
use std::path::Path;
use std::sync::LazyLock;

use container_ext4::{NodeKind, ReadError, Reader};
use proptest::prelude::*;
use support::linux::{change, content, find, image_in, populated};

/// Features of the disks and sizes of their blocks.
const FORMS: [(&str, u32); 4] = [
    ("metadata_csum,64bit", 4096),
    ("metadata_csum,^64bit", 1024),
    ("^metadata_csum,64bit", 4096),
    ("^metadata_csum,^64bit", 1024),
];

/// Names enough for a directory with an index.
const MANY: usize = 3000;
/// Pieces enough for a tree of extents.
const PIECES: u64 = 700;

fn build(source: &Path) {
    std::fs::create_dir(source.join("many")).unwrap();
    for number in 0..MANY {
        std::fs::write(source.join(format!("many/a-name-of-some-length-{number}")), b"").unwrap();
    }
    std::fs::write(
        source.join("plain"),
        (0..100_000_u32).map(|at| at as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    std::fs::hard_link(source.join("plain"), source.join("again")).unwrap();
    let sparse = File::create(source.join("sparse")).unwrap();
    for piece in 0..PIECES {
        sparse
            .write_all_at(&[(piece % 255) as u8 + 1; 4096], piece * 16_384)
            .unwrap();
    }
    std::fs::create_dir_all(source.join("deep/er/and/deeper")).unwrap();
    std::fs::write(source.join("deep/er/and/deeper/file"), b"deep").unwrap();
    std::os::unix::fs::symlink("plain", source.join("short")).unwrap();
    std::os::unix::fs::symlink("t".repeat(300), source.join("long")).unwrap();
    std::fs::write(source.join("secret"), b"x").unwrap();
    std::fs::set_permissions(source.join("secret"), std::fs::Permissions::from_mode(0o4701)).unwrap();
}

#[test]
fn a_disk_of_mke2fs_is_read_as_its_directory() {
    for (features, block_bytes) in FORMS {
        let directory = populated(features, block_bytes, 64, build);
        let image = image_in(&directory);
        let attribute = "long value ".repeat(40);
        change(
            &image,
            &format!("ea_set plain user.small v\nea_set plain user.large \"{attribute}\"\n"),
        );
        let source = directory.path().join("source");
        let reader = Reader::open(File::open(&image).unwrap()).unwrap();
        for path in ["plain", "sparse", "deep/er/and/deeper/file", "secret"] {
            assert!(
                content(&reader, path) == std::fs::read(source.join(path)).unwrap(),
                "{path}"
            );
            let (node, expected) = (
                reader.node(find(&reader, path)).unwrap(),
                source.join(path).metadata().unwrap(),
            );
            let found = node.metadata();
            assert_eq!(u32::from(found.mode), expected.mode() & 0o7777);
            assert_eq!((found.uid, found.gid), (expected.uid(), expected.gid()));
            assert_eq!(found.modified.seconds, expected.mtime());
        }
        assert_eq!(find(&reader, "plain"), find(&reader, "again"));
        let names = reader.names(&reader.node(find(&reader, "many")).unwrap()).unwrap();
        let names: BTreeSet<_> = (0..names.len())
            .map(|index| names.get(index).unwrap().0.to_vec())
            .collect();
        assert_eq!(names.len(), MANY);
        let link = |path| reader.link_target(&reader.node(find(&reader, path)).unwrap()).unwrap();
        assert_eq!((link("short"), link("long")), (b"plain".to_vec(), vec![b't'; 300]));
        let mut regions = Vec::new();
        let sparse = reader.node(find(&reader, "sparse")).unwrap();
        reader
            .regions(&sparse, |at, length| {
                regions.push((at, length));
                Ok::<_, ReadError>(())
            })
            .unwrap();
        assert_eq!(
            regions,
            (0..PIECES).map(|piece| (piece * 16_384, 4096)).collect::<Vec<_>>()
        );
        let mut xattrs = reader.xattrs(&reader.node(find(&reader, "plain")).unwrap()).unwrap();
        xattrs.sort_by(|a, b| b.name.cmp(&a.name));
        let found: Vec<_> = xattrs
            .iter()
            .map(|xattr| (xattr.name.as_slice(), xattr.value.as_slice()))
            .collect();
        assert_eq!(
            found,
            [(&b"user.small"[..], &b"v"[..]), (b"user.large", attribute.as_bytes())]
        );
    }
}

#[test]
fn blocks_that_were_set_aside_read_as_zeros() {
    let directory = populated("metadata_csum,64bit", 4096, 16, |source| {
        std::fs::write(source.join("file"), [7; 8192]).unwrap();
    });
    let image = image_in(&directory);
    // Blocks 4 to 9 were never written to; those from 8 on are beyond the end of the file.
    change(&image, "fallocate file 4 9\nsif file size 32768\n");
    let reader = Reader::open(File::open(&image).unwrap()).unwrap();
    let mut expected = vec![7; 8192];
    expected.resize(32_768, 0);
    assert!(content(&reader, "file") == expected);
}

#[test]
fn a_wrong_checksum_is_reported() {
    let directory = populated("metadata_csum,64bit", 4096, 16, |source| {
        std::fs::write(source.join("file"), [7; 8192]).unwrap();
    });
    let image = image_in(&directory);
    let reader = Reader::open(File::open(&image).unwrap()).unwrap();
    let inode = find(&reader, "file");
    let mut bytes = std::fs::read(&image).unwrap();
    // The last inode in use has the file's size in its second word.
    let at = bytes
        .windows(4)
        .rposition(|window| window == 8192_u32.to_le_bytes())
        .unwrap();
    bytes[at] ^= 1;
    std::fs::write(&image, bytes).unwrap();
    let reader = Reader::open(File::open(&image).unwrap()).unwrap();
    let error = reader.node(inode).unwrap_err();
    assert!(
        matches!(error, ReadError::Damaged { what } if what.contains("checksum")),
        "{error}"
    );
}

/// Small disks with an unreplayed journal, without checksums (which would end every reading of a damaged one at once) and with them.
static DISKS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let forms = [("^metadata_csum,^64bit", "jo"), ("metadata_csum,64bit", "jo -c")];
    let disks = forms.map(|(features, open)| {
        let directory = populated(features, 1024, 8, |source| {
            std::fs::create_dir(source.join("many")).unwrap();
            for number in 0..100 {
                std::fs::write(source.join(format!("many/a-name-of-some-length-{number}")), [1; 1500]).unwrap();
            }
            let sparse = File::create(source.join("sparse")).unwrap();
            (0..40).for_each(|piece| sparse.write_all_at(&[9; 1024], piece * 8192).unwrap());
            std::os::unix::fs::symlink("t".repeat(300), source.join("long")).unwrap();
        });
        let image = image_in(&directory);
        let blocks = directory.path().join("blocks");
        std::fs::write(&blocks, [5; 2048]).unwrap();
        let attribute = "long value ".repeat(40);
        change(&image, &format!("ea_set sparse user.large \"{attribute}\"\n"));
        change(
            &image,
            &format!("{open}\njw -b 700,701 -r 702 {}\njc\n", blocks.display()),
        );
        std::fs::read(image).unwrap()
    });
    disks.into()
});

/// Reads all there is, as far as sizes are not absurd.
fn read_all(file: File) -> Result<(), ReadError> {
    let reader = Reader::open(file)?;
    let mut seen = BTreeSet::new();
    let mut open = vec![reader.root()?];
    while let Some(node) = open.pop() {
        let _ = reader.xattrs(&node);
        match node.kind() {
            NodeKind::Directory => {
                let Ok(names) = reader.names(&node) else { continue };
                let inodes = (0..names.len())
                    .filter_map(|index| names.get(index))
                    .map(|(_, inode)| inode);
                open.extend(
                    inodes
                        .filter(|inode| seen.insert(*inode))
                        .filter_map(|inode| reader.node(inode).ok()),
                );
            }
            NodeKind::Symlink => drop(reader.link_target(&node)),
            NodeKind::File => {
                let _ = reader.content(&node, |_| Ok::<_, ReadError>(()));
                let _ = reader.regions(&node, |_, _| Ok::<_, ReadError>(()));
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn damage_ends_in_an_error_or_in_other_content(
        disk in 0..2_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0..1024_usize, any::<u8>()), 1..60),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = DISKS[disk].clone();
        let blocks = bytes.chunks_exact(1024).enumerate();
        let used: Vec<usize> = blocks.filter(|(_, block)| block.iter().any(|byte| *byte != 0)).map(|(at, _)| at).collect();
        for (block, at, value) in &damage {
            bytes[*block.get(&used) * 1024 + at] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let _ = read_all(file);
    }
}
