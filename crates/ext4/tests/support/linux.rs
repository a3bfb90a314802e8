//! Disks made by e2fsprogs, as Linux makes them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use container_ext4::{NodeKind, Piece, ReadError, Reader};

/// A disk of `mebibytes` with what `build` puts into a directory.
pub(crate) fn populated(
    features: &str,
    block_bytes: u32,
    mebibytes: u64,
    build: impl FnOnce(&Path),
) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("source");
    std::fs::create_dir(&source).unwrap();
    build(&source);
    let image = image_in(&directory);
    std::fs::File::create_new(&image)
        .unwrap()
        .set_len(mebibytes << 20)
        .unwrap();
    let made = Command::new("mke2fs")
        .args([
            "-q",
            "-F",
            "-t",
            "ext4",
            "-I",
            "256",
            "-b",
            &block_bytes.to_string(),
            "-O",
            features,
            "-d",
        ])
        .args([&source, &image])
        .stdin(Stdio::null())
        .status()
        .expect("mke2fs of e2fsprogs is needed");
    assert!(made.success());
    directory
}

pub(crate) fn image_in(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("image")
}

/// Runs requests of debugfs that write.
pub(crate) fn change(image: &Path, requests: &str) -> String {
    let mut child = Command::new("debugfs")
        .args(["-w", "-f", "-"])
        .arg(image)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("debugfs of e2fsprogs is needed");
    child.stdin.take().unwrap().write_all(requests.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The first line of the other stream is its version.
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(complaints.lines().count() <= 1, "{complaints}\n{text}");
    text
}

/// The inode at `path`.
pub(crate) fn find(reader: &Reader, path: &str) -> u32 {
    path.split('/')
        .filter(|name| !name.is_empty())
        .fold(container_ext4::ROOT_INODE, |inode, name| {
            let mut names = reader.names(&reader.node(inode).unwrap()).unwrap();
            names.sort();
            names.find(name.as_bytes()).unwrap()
        })
}

/// The content of the file at `path`.
pub(crate) fn content(reader: &Reader, path: &str) -> Vec<u8> {
    let node = reader.node(find(reader, path)).unwrap();
    assert_eq!(node.kind(), NodeKind::File);
    let mut bytes = Vec::new();
    reader
        .content(&node, |piece| {
            match piece {
                Piece::Bytes(piece) => bytes.extend_from_slice(piece),
                Piece::Hole(length) => bytes.resize(bytes.len() + length as usize, 0),
            }
            Ok::<_, ReadError>(())
        })
        .unwrap();
    bytes
}
