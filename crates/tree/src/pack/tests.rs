//! Trees to archives and back.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode};

use crate::{Attributes, Extraction, Owners, extract, pack};

const HOLE_BYTES: u64 = 100 << 20;

/// A tree `t` with a file of every kind that an ordinary user makes.
fn tree() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("t");
    fs::create_dir_all(root.join("deep/er")).unwrap();
    fs::write(root.join("deep/er/file"), "content").unwrap();
    fs::write(root.join("program"), "x").unwrap();
    fs::set_permissions(root.join("program"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::hard_link(root.join("program"), root.join("deep/hard")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"not \xff utf-8\n")), "bytes").unwrap();
    fs::write(root.join("n".repeat(255)), "long").unwrap();
    symlink("/absolute/target", root.join("link")).unwrap();
    symlink("link-to-nothing", root.join("deep/loop")).unwrap();
    crate::extract::make_fifo(File::open(&root).unwrap().as_fd(), OsStr::new("fifo"), Mode::RUSR).unwrap();
    let sparse = File::create(root.join("sparse")).unwrap();
    sparse.write_all_at(b"middle", HOLE_BYTES / 2).unwrap();
    sparse.set_len(HOLE_BYTES).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    fs::set_permissions(root.join("deep"), fs::Permissions::from_mode(0o2750)).unwrap();
    directory
}

fn packed(directory: &Path, name: &str, called: &str) -> Vec<u8> {
    let directory = File::open(directory).unwrap();
    let attributes = Attributes::Portable;
    pack(
        directory.as_fd(),
        OsStr::new(name),
        called.as_bytes(),
        &attributes,
        Vec::new(),
    )
    .unwrap()
}

fn unpacked(bytes: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let extraction = Extraction {
        owners: Owners::Caller,
        attributes: Attributes::Portable,
        is_layer: false,
    };
    extract(File::open(directory.path()).unwrap().as_fd(), bytes, &extraction).unwrap();
    directory
}

/// Every file below `root` but sockets, with what is kept of it.
fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(path) = pending.pop() {
        let full = root.join(&path);
        let found = fs::symlink_metadata(&full).unwrap();
        let kind = found.file_type();
        let mut line = format!("{path:?} {:o} {}.{}", found.mode(), found.mtime(), found.mtime_nsec());
        if kind.is_socket() {
            continue;
        } else if kind.is_dir() {
            for entry in fs::read_dir(&full).unwrap() {
                pending.push(path.join(entry.unwrap().file_name()));
            }
        } else if kind.is_symlink() {
            line = format!("{path:?} -> {:?}", fs::read_link(&full).unwrap());
        } else if kind.is_file() {
            let content = fs::read(&full).unwrap();
            let sum = content
                .iter()
                .enumerate()
                .fold(0_u64, |sum, (at, byte)| sum.wrapping_add(at as u64 * u64::from(*byte)));
            line += &format!(" {} {sum} {}", content.len(), found.nlink());
        }
        lines.push(line);
    }
    lines.sort();
    lines
}

#[test]
fn a_tree_comes_back_as_it_was() {
    let tree = tree();
    let bytes = packed(tree.path(), "t", "copy");
    assert!(bytes.len() < 1 << 20, "the hole was written: {} bytes", bytes.len());
    let back = unpacked(&bytes);
    assert_eq!(listing(&back.path().join("copy")), listing(&tree.path().join("t")));
    let sparse = fs::metadata(back.path().join("copy/sparse")).unwrap();
    assert!(sparse.blocks() * 512 < HOLE_BYTES / 2, "the hole was filled");
    // The same tree makes the same bytes.
    assert_eq!(packed(tree.path(), "t", "copy"), bytes);
}

#[test]
fn the_content_of_a_directory_lands_in_another_one() {
    let tree = tree();
    let back = unpacked(&packed(tree.path(), "t", ""));
    assert!(back.path().join("deep/er/file").is_file());
    assert_eq!(fs::read_dir(back.path()).unwrap().count(), 7);
}

#[test]
fn one_file_gets_the_name_that_is_asked_for() {
    let tree = tree();
    let back = unpacked(&packed(&tree.path().join("t"), "program", "other"));
    let found = fs::metadata(back.path().join("other")).unwrap();
    assert_eq!(found.mode() & 0o7777, 0o4755);
    let back = unpacked(&packed(&tree.path().join("t"), "link", "link"));
    assert_eq!(
        fs::read_link(back.path().join("link")).unwrap(),
        Path::new("/absolute/target")
    );
}

#[test]
fn what_is_missing_is_named() {
    let error = pack(CWD, OsStr::new("is-not-there"), b"x", &Attributes::Portable, Vec::new()).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read \"x\": No such file"),
        "{error}"
    );
}
