//! What the tests of this crate share: images in temporary files, `e2fsck` and `debugfs` from e2fsprogs, and a small reader of our own.

#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod linux;
pub(crate) mod reader;

use std::fs::File;
use std::path::Path;
use std::process::Command;

use container_ext4::{BlockSize, Metadata, Options, Summary, Timestamp, Writer};

pub(crate) const UUID: [u8; 16] = *b"0123456789abcdef";

/// An image in a temporary file.
pub(crate) struct Image {
    pub(crate) file: tempfile::NamedTempFile,
    pub(crate) summary: Summary,
}

/// Both sizes of blocks.
pub(crate) const BLOCK_SIZES: [BlockSize; 2] = [BlockSize::Kib1, BlockSize::Kib4];

/// Writes a disk with blocks of 4 KiB, has `e2fsck` look at it, and returns it.
pub(crate) fn image(build: impl FnOnce(&mut Writer<&File>)) -> Image {
    image_with(BlockSize::Kib4, build)
}

/// The same with any size of blocks.
pub(crate) fn image_with(block_size: BlockSize, build: impl FnOnce(&mut Writer<&File>)) -> Image {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = Options {
        block_size,
        ..Options::default()
    };
    let mut writer = Writer::new(file.as_file(), tempfile::tempfile().unwrap(), options).unwrap();
    build(&mut writer);
    let summary = writer.finish(UUID).unwrap();
    assert_eq!(file.as_file().metadata().unwrap().len(), summary.disk_bytes);
    assert_clean(file.path());
    Image { file, summary }
}

impl Image {
    pub(crate) fn reader(&self) -> reader::Reader {
        reader::Reader::open(self.file.path())
    }

    pub(crate) fn debugfs(&self, request: &str) -> String {
        debugfs(self.file.path(), request)
    }
}

/// `e2fsck -fn` must find nothing: exit code 0, and no line but the names of the passes and the totals.
pub(crate) fn assert_clean(path: &Path) {
    let output = Command::new("e2fsck")
        .args(["-f", "-n"])
        .arg(path)
        .output()
        .expect("e2fsck of e2fsprogs is needed");
    let text = String::from_utf8_lossy(&output.stdout);
    let remarks: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("Pass ") && !line.contains(" blocks"))
        .collect();
    assert!(
        output.status.success() && remarks.is_empty(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn debugfs(path: &Path, request: &str) -> String {
    let output = Command::new("debugfs")
        .args(["-R", request])
        .arg(path)
        .output()
        .expect("debugfs of e2fsprogs is needed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn metadata(mode: u16) -> Metadata {
    Metadata {
        mode,
        modified: Timestamp {
            seconds: 1_700_000_000,
            nanoseconds: 123_456_789,
        },
        ..Metadata::default()
    }
}

pub(crate) fn write_file(writer: &mut Writer<&File>, path: &str, content: &[u8]) {
    let mut file = writer.file(path.as_bytes(), metadata(0o644)).unwrap();
    file.append(content).unwrap();
    file.finish().unwrap();
}
