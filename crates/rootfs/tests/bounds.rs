//! Trees beyond the bounds end in errors that say so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::process::{Command, Stdio};

use container_rootfs::{ArchiveOptions, RootError, RootView};
use container_tar::Writer;
use support::{metadata, writable_disk};

/// A disk with directories in each other, each with a name of 255 bytes, which only who goes down step by step can make.
fn nested(count: usize) -> File {
    let mut disk = writable_disk(|writer| {
        writer.directory(b"work/work", metadata(0)).unwrap();
        writer.directory(b"upper", metadata(0o755)).unwrap();
    });
    let mut file = tempfile::NamedTempFile::new().unwrap();
    disk.rewind().unwrap();
    io::copy(&mut disk, &mut file).unwrap();
    let mut debugfs = Command::new("debugfs")
        .args(["-w", "-f", "-"])
        .arg(file.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("debugfs of e2fsprogs is needed");
    let name = "n".repeat(255);
    let down = format!("mkdir {name}\ncd {name}\n").repeat(count);
    let requests = format!("cd upper\n{down}");
    debugfs.stdin.take().unwrap().write_all(requests.as_bytes()).unwrap();
    assert!(debugfs.wait().unwrap().success());
    file.into_file()
}

fn read(disk: File) -> [Result<(), RootError>; 3] {
    let view = RootView::open(Vec::new(), Some(disk), Vec::new()).unwrap();
    let writer = || Writer::new(io::sink());
    [
        view.archive(b"/", b"", ArchiveOptions::default(), &mut writer()),
        view.changes().map(drop),
        view.write_layer(&mut writer()),
    ]
}

#[test]
fn a_tree_is_read_to_the_depth_of_the_longest_path() {
    for result in read(nested(16)) {
        result.unwrap();
    }
    for result in read(nested(17)) {
        let error = result.unwrap_err();
        assert!(matches!(error, RootError::TooDeep { .. }), "{error}");
    }
}
