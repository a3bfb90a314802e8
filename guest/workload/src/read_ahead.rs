//! Reading files of the image into memory before anybody needs them.
//!
//! In a machine that is saved and restored they need not be read again: neither the disk is asked, nor has its driver to run.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::container::Container;
use crate::in_root::open_to_read;
use crate::program::DEFAULT_PATH;

/// Files that many a first process needs, as far as the image has them: what says who a user is, the C libraries with their loaders, and shells with
/// their library.
const FILES: [&str; 16] = [
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/ld.so.cache",
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/x86_64-linux-gnu/libtinfo.so.6",
    "/lib64/libc.so.6",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libtinfo.so.6",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
    "/usr/lib/locale/C.utf8/LC_CTYPE",
    "/bin/sh",
    "/bin/bash",
];

/// Programs that are often run by their names. Looking for them reads the directories as well in which other programs are looked for.
const PROGRAMS: [&str; 9] = ["sh", "bash", "env", "true", "echo", "cat", "ls", "sleep", "uname"];

/// Bytes that are read of all files together: they are in the memory of every machine that is restored.
const TOTAL_MAX_BYTES: u64 = 32 << 20;

impl Container {
    /// Reads what many a process needs. What cannot be read is passed over.
    pub fn read_ahead(&self) {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(root) = openat(CWD, self.layout.root(), flags, Mode::empty()) else {
            return;
        };
        let mut room = TOTAL_MAX_BYTES;
        for path in FILES {
            room -= read(root.as_fd(), path, room).unwrap_or(0);
        }
        for name in PROGRAMS {
            let found = DEFAULT_PATH
                .split(':')
                .find_map(|directory| read(root.as_fd(), &format!("{directory}/{name}"), room).ok());
            room -= found.unwrap_or(0);
        }
    }
}

/// Reads a regular file, unless it has more than `room` bytes; how many bytes it has.
fn read(root: BorrowedFd<'_>, path: &str, room: u64) -> io::Result<u64> {
    let file = File::from(open_to_read(root, path)?);
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > room {
        return Ok(0);
    }
    // It is in an image, and nobody writes to it; whatever it is, no more is read than there is room for.
    io::copy(&mut file.take(room), &mut io::sink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_that_have_room_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        std::fs::write(path.join("small"), [7; 100]).unwrap();
        std::os::unix::fs::symlink("/small", path.join("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path.join("leads-outside")).unwrap();
        rustix::fs::mknodat(CWD, path.join("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let root = File::open(path).unwrap();
        let bytes = |path, room| read(root.as_fd(), path, room).ok();
        assert_eq!(bytes("/small", 100), Some(100));
        assert_eq!(bytes("/link", 100), Some(100));
        assert_eq!(bytes("/small", 99), Some(0));
        assert_eq!(bytes("/pipe", 100), Some(0));
        assert_eq!(bytes("/", 1 << 20), Some(0));
        assert_eq!([bytes("/leads-outside", 100), bytes("/nothing", 100)], [None, None]);
    }
}
