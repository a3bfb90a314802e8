//! Resolves paths within the root of an image: symbolic links, absolute ones included, are resolved below it (openat2(2),
//! `RESOLVE_IN_ROOT`).

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, ResolveFlags, mkdirat, openat2, readlinkat};
use rustix::io::Errno;

const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);

fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
    openat2(root, path, flags | OFlags::CLOEXEC, mode, ResolveFlags::IN_ROOT)
}

/// Opens the directory `path` below `root`.
pub(crate) fn find_directory(root: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    open(root, path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
}

/// Opens whatever is at `path` below `root`.
pub(crate) fn find_any(root: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    open(root, path, OFlags::PATH, Mode::empty())
}

/// Opens whatever is at `path` below `root` for reading, without waiting for the other end of a pipe.
pub(crate) fn open_to_read(root: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    open(root, path, flags, Mode::empty())
}

/// Opens the directory `path` below `root`, and makes it and its parents if they are missing.
pub(crate) fn ensure_directory(root: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    match open(root, path, flags, Mode::empty()) {
        Err(Errno::NOENT) => {}
        other => return other,
    }
    let mut prefix = String::new();
    let mut parent = open(root, "/", flags, Mode::empty())?;
    for component in path.split('/').filter(|component| !component.is_empty()) {
        prefix.push('/');
        prefix.push_str(component);
        parent = match open(root, &prefix, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                mkdirat(&parent, component, DIRECTORY_MODE)?;
                open(root, &prefix, flags, Mode::empty())?
            }
            other => other?,
        };
    }
    Ok(parent)
}

/// Opens the file `path` below `root`, and makes it and the directories above it if they are missing.
pub(crate) fn ensure_file(root: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    match open(root, path, OFlags::PATH, Mode::empty()) {
        Err(Errno::NOENT) => {}
        other => return other,
    }
    if let Some((directory, name)) = path.rsplit_once('/') {
        let parent = ensure_directory(root, directory)?;
        ensure_link_directory(root, directory, &parent, name)?;
    }
    open(root, path, OFlags::RDONLY | OFlags::CREATE | OFlags::NOCTTY, FILE_MODE)
}

/// The beginning of the regular file `path` below `root`, at most `limit_bytes`; empty without such a file. It waits for nobody: an image may have a
/// pipe there.
pub(crate) fn read_text(root: BorrowedFd<'_>, path: &str, limit_bytes: u64) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = open_to_read(root, path) {
        let file = File::from(file);
        if file.metadata().is_ok_and(|found| found.is_file()) {
            let _ = file.take(limit_bytes).read_to_end(&mut bytes);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// When `name` is a link into a directory that is missing (systemd's stub resolver), makes that directory.
fn ensure_link_directory(
    root: BorrowedFd<'_>,
    directory: &str,
    parent: &OwnedFd,
    name: &str,
) -> rustix::io::Result<()> {
    let Ok(target) = readlinkat(parent, name, Vec::new()) else {
        return Ok(());
    };
    let target = target.to_string_lossy();
    let target = if target.starts_with('/') {
        target.into_owned()
    } else {
        format!("{directory}/{target}")
    };
    target
        .rsplit_once('/')
        .map_or(Ok(()), |(directory, _)| ensure_directory(root, directory).map(drop))
}

/// A path to the file behind a descriptor, for system calls that take no descriptor.
pub(crate) fn path_of(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FileType, mknodat};
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    fn root() -> (tempfile::TempDir, OwnedFd) {
        let directory = tempfile::tempdir().unwrap();
        let root = OwnedFd::from(std::fs::File::open(directory.path()).unwrap());
        (directory, root)
    }

    #[test]
    fn missing_directories_are_made() {
        let (directory, root) = root();
        ensure_directory(root.as_fd(), "/a/b/c").unwrap();
        assert!(directory.path().join("a/b/c").is_dir());
    }

    #[test]
    fn absolute_links_stay_inside() {
        let (directory, root) = root();
        std::fs::create_dir(directory.path().join("real")).unwrap();
        symlink("/real", directory.path().join("link")).unwrap();
        ensure_directory(root.as_fd(), "/link/sub").unwrap();
        assert!(directory.path().join("real/sub").is_dir());
    }

    #[test]
    fn text_is_that_of_a_regular_file_and_a_pipe_is_not_waited_for() {
        let (directory, root) = root();
        let pipe = directory.path().join("pipe");
        mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, FILE_MODE, 0).unwrap();
        std::fs::write(directory.path().join("file"), "12345").unwrap();
        symlink("/file", directory.path().join("link")).unwrap();
        let text = |path| read_text(root.as_fd(), path, 3);
        assert_eq!((text("/file"), text("/link")), ("123".to_owned(), "123".to_owned()));
        assert_eq!((text("/pipe"), text("/missing")), (String::new(), String::new()));
        let writer = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let writer = rustix::fs::open(&pipe, writer, Mode::empty()).unwrap();
        rustix::io::write(&writer, b"12345").unwrap();
        assert_eq!(text("/pipe"), "");
    }

    #[test]
    fn dot_dot_stays_below_the_root() {
        let (directory, root) = root();
        ensure_file(root.as_fd(), "/../../../inside").unwrap();
        assert!(directory.path().join("inside").is_file());
    }

    #[test]
    fn dangling_link_is_filled_in_place() {
        let (directory, root) = root();
        std::fs::create_dir_all(directory.path().join("etc")).unwrap();
        symlink("../run/deep/resolv.conf", directory.path().join("etc/resolv.conf")).unwrap();
        ensure_file(root.as_fd(), "/etc/resolv.conf").unwrap();
        assert!(directory.path().join("run/deep/resolv.conf").is_file());
    }
}
