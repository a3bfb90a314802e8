//! From a path in the container to a directory and a name in it.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2, readlinkat};
use rustix::io::Errno;

/// As many links as the kernel follows, `MAXSYMLINKS` in linux/namei.h.
const LINKS_MAX: usize = 40;

/// Where something is, whether it exists or not.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory it is in.
    pub(super) directory: OwnedFd,
    /// Its name there, or `.` for the directory itself.
    pub(super) name: Vec<u8>,
    /// The path from the root, with links at its end followed.
    pub(super) path: Vec<u8>,
}

/// Finds the place of `path` below `root`, which no link leaves. With `follow`, a link at the end of the path is followed; one before it always is.
pub(super) fn resolve(root: BorrowedFd<'_>, path: &[u8], follow: bool) -> rustix::io::Result<Place> {
    let mut path = path.to_vec();
    for _ in 0..LINKS_MAX {
        let (parent, name) = split(&path);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let within = [b"/", parent].concat();
        let directory = openat2(
            root,
            OsStr::from_bytes(&within),
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        )?;
        let target = match (follow, readlinkat(&directory, OsStr::from_bytes(name), Vec::new())) {
            (true, Ok(target)) => target.into_bytes(),
            _ => {
                return Ok(Place {
                    directory,
                    name: name.to_vec(),
                    path,
                });
            }
        };
        path = if target.starts_with(b"/") {
            target
        } else {
            [parent, b"/", target.as_slice()].concat()
        };
    }
    Err(Errno::LOOP)
}

/// The directory of a path and the name in it; `.` where the path can only be that of a directory.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let trimmed = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(&path[..0], |last| &path[..=last]);
    let start = trimmed
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    match &trimmed[start..] {
        b"" | b"." | b".." => (trimmed, b"."),
        name => (&trimmed[..start], name),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_within_the_root() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(root.join("etc/hostname"), "inside").unwrap();
        fs::write(outside.path().join("hostname"), "outside").unwrap();
        symlink("/", root.join("x")).unwrap();
        symlink("../../../hostname", root.join("etc/up")).unwrap();
        symlink("/etc/hostname", root.join("absolute")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let descriptor = File::open(&root).unwrap();
        let find = |path: &str, follow| resolve(descriptor.as_fd(), path.as_bytes(), follow);
        let content = |path: &str| {
            let place = find(path, true).unwrap();
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
            let file = rustix::fs::openat(&place.directory, OsStr::from_bytes(&place.name), flags, Mode::empty());
            std::io::read_to_string(File::from(file?)).map_err(|_| Errno::IO)
        };
        for path in ["x/etc/hostname", "/absolute", "x/x/absolute", "../../etc/hostname"] {
            assert_eq!(content(path).unwrap(), "inside", "{path}");
        }
        assert_eq!(content("etc/up"), Err(Errno::NOENT));
        assert_eq!(find("loop", true).unwrap_err(), Errno::LOOP);
        assert_eq!(find("loop", false).unwrap().name, b"loop");
        assert_eq!(find("no/such", true).unwrap_err(), Errno::NOENT);
        assert_eq!(find("/absolute", true).unwrap().path, b"/etc/hostname");
    }

    #[test]
    fn paths_are_split_at_their_end() {
        for (path, parent, name) in [
            ("/", "", "."),
            ("", "", "."),
            ("a", "", "a"),
            ("/a/b//", "/a/", "b"),
            ("/a/.", "/a/.", "."),
            ("/a/..", "/a/..", "."),
        ] {
            assert_eq!(split(path.as_bytes()), (parent.as_bytes(), name.as_bytes()), "{path}");
        }
    }
}
