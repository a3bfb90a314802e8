//! Damaged disks, as a hostile machine could leave them, end in errors or in other content.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::sync::LazyLock;

use container_ext4::DeviceNumber;
use container_rootfs::{ArchiveOptions, RewriteOptions, RootView};
use container_tar::{Entry, EntryKind, Reader, Timestamp, Writer};
use proptest::prelude::*;
use support::{disk, metadata, write_file, xattr};

/// A disk without checksums, which would end the reading of a damaged one at once. The large file makes it one that can be written anew.
static DISK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut file = disk(|writer| {
        write_file(writer, "large", &[7; 9 << 20], metadata(0o600));
        writer.directory(b"work/work", metadata(0)).unwrap();
        for number in 0..300 {
            write_file(
                writer,
                &format!("upper/many/a-name-of-some-length-{number}"),
                b"x",
                metadata(0o644),
            );
        }
        let mut opaque = metadata(0o755);
        opaque.xattrs.push(xattr(b"trusted.overlay.opaque", b"y"));
        opaque.xattrs.push(xattr(b"user.large", &[5; 3000]));
        writer.directory(b"upper/opaque", opaque).unwrap();
        write_file(writer, "upper/opaque/file", &[1; 9000], metadata(0o644));
        writer.hard_link(b"upper/again", b"upper/opaque/file").unwrap();
        writer.symlink(b"upper/link", b"/opaque", metadata(0o777)).unwrap();
        let whiteout = DeviceNumber { major: 0, minor: 0 };
        writer.character_device(b"upper/gone", whiteout, metadata(0)).unwrap();
        let mut sparse = writer.file(b"upper/sparse", metadata(0o600)).unwrap();
        for piece in 1..8_u8 {
            sparse.append(&[piece; 10]).unwrap();
            sparse.skip(1 << 20).unwrap();
        }
        sparse.finish().unwrap();
    });
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
});

/// Blocks that hold more than zeros or the content of the large file.
static USED: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let blocks = DISK.chunks(4096).enumerate();
    let used = blocks.filter(|(_, block)| block.iter().any(|byte| !matches!(byte, 0 | 7)));
    used.map(|(number, _)| number).collect()
});

static TAR: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = Writer::new(Vec::new());
    let target = b"opaque/file".to_vec();
    for (path, kind) in [
        ("link/new", EntryKind::Directory),
        ("gone/x", EntryKind::Fifo),
        ("many/link", EntryKind::HardLink { target }),
    ] {
        let entry = Entry {
            path: path.into(),
            kind,
            mode: 0o755,
            uid: 0,
            gid: 0,
            modified: Timestamp::default(),
            xattrs: Vec::new(),
        };
        writer.begin(&entry).unwrap();
    }
    writer.finish().unwrap()
});

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Whether everything succeeds.
fn use_all(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let view = RootView::open(vec![file(bytes)], Some(file(bytes)), Vec::new())?;
    let sink = || Writer::new(std::io::sink());
    let results = [
        view.changes().map(drop),
        view.write_layer(&mut sink()),
        view.archive(b"/", b"", ArchiveOptions::default(), &mut sink()),
    ];
    let (out, scratch) = (tempfile::tempfile()?, tempfile::tempfile()?);
    view.rewrite(
        b"/",
        &mut Reader::new(TAR.as_slice()),
        RewriteOptions::default(),
        &out,
        scratch,
    )?;
    for result in results {
        result?;
    }
    Ok(())
}

#[test]
fn the_undamaged_disk_is_read_and_rewritten() {
    use_all(&DISK).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn damage_does_no_harm(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0..4096_usize, any::<u8>()), 1..40),
    ) {
        let mut bytes = DISK.clone();
        for (block, at, value) in &damage {
            let at = block.get(&USED) * 4096 + at;
            if let Some(byte) = bytes.get_mut(at) {
                *byte = *value;
            }
        }
        let _ = use_all(&bytes);
    }
}
