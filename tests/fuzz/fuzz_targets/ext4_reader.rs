//! Any bytes on a disk, as a container that owns its kernel could leave them, result in what can be read of it or in an error: no panic, no loop, little memory.
//!
//! An input is the blocks of a disk that are not zero: two bytes with the number of a block (little-endian), then the block. The seeds are disks of `mke2fs`
//! with an `upper` directory, without and with checksums, of which two have a journal that was not replayed.
#![no_main]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;

use container_ext4::{NodeKind, ReadError, Reader};
use container_rootfs::{ArchiveOptions, RewriteOptions, RootView};
use container_tar::{Entry, EntryKind, Timestamp, Writer};
use libfuzzer_sys::fuzz_target;

const BLOCK_BYTES: usize = 1024;
/// Blocks of the disk.
const BLOCKS: u16 = 8192;

fuzz_target!(|input: &[u8]| {
    let file = tempfile::tempfile().expect("a temporary file");
    file.set_len(u64::from(BLOCKS) * BLOCK_BYTES as u64).expect("an empty disk");
    for record in input.chunks(2 + BLOCK_BYTES) {
        let Some((number, block)) = record.split_first_chunk::<2>() else {
            continue;
        };
        let number = u16::from_le_bytes(*number) % BLOCKS;
        file.write_all_at(block, u64::from(number) * BLOCK_BYTES as u64).expect("a block");
    }
    let _ = read_inodes(file.try_clone().expect("the file"));
    let both = || file.try_clone().expect("the file");
    let Ok(view) = RootView::open(vec![both()], Some(both()), Vec::new()) else {
        return;
    };
    let _ = view.locate(b"/a/link/../deep/file", true);
    let _ = view.changes();
    let _ = view.write_layer(&mut Writer::new(io::sink()));
    let _ = view.archive(b"/", b"", ArchiveOptions::default(), &mut Writer::new(io::sink()));
    let out = tempfile::tempfile().expect("a temporary file");
    let scratch = tempfile::tempfile().expect("a temporary file");
    let _ = view.rewrite(b"/", &mut container_tar::Reader::new(TAR.as_slice()), RewriteOptions::default(), &out, scratch);
});

/// Entries that go through what the disk has, or over it.
static TAR: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let directory = EntryKind::Directory;
    let link = EntryKind::HardLink { target: b"deep/file".to_vec() };
    let symlink = EntryKind::Symlink { target: b"x".to_vec() };
    let mut writer = Writer::new(Vec::new());
    for (path, kind) in [("link/new", directory.clone()), ("deep/er/link", link), ("gone/x", directory), ("again", symlink)] {
        let modified = Timestamp::default();
        let entry = Entry { path: path.into(), kind, mode: 0o755, uid: 0, gid: 0, modified, xattrs: Vec::new() };
        writer.begin(&entry).expect("an entry in memory");
    }
    writer.finish().expect("a tar in memory")
});

/// Reads what each inode says, whether a name leads to it or not.
fn read_inodes(file: File) -> Result<(), ReadError> {
    let reader = Reader::open(file)?;
    let _ = reader.volume();
    for number in 1..=reader.inodes().min(256) {
        let Ok(node) = reader.node(number) else {
            continue;
        };
        let _ = reader.xattrs(&node);
        match node.kind() {
            NodeKind::Directory => drop(reader.names(&node)),
            NodeKind::Symlink => drop(reader.link_target(&node)),
            NodeKind::File => {
                let _ = reader.regions(&node, |_, _| Ok::<_, ReadError>(()));
                let _ = reader.content(&node, |_| Ok::<_, ReadError>(()));
            }
            _ => {}
        }
    }
    Ok(())
}
