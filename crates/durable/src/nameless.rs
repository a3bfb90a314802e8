//! Files that have no name until they are complete, or never, so that no killed process leaves one behind.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::replace::locked_temporary;

/// A file in `directory` that has no name yet; `None` where the system or file system knows no such thing, as on macOS.
#[must_use]
pub fn create_nameless(directory: &Path) -> Option<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        // The bits that the user's umask leaves, as for any file that a command writes.
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
        open(directory, flags, mode).ok().map(File::from)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = directory;
        None
    }
}

/// Gives a file of [`create_nameless`] the name `path`, where there must be nothing (open(2), "O_TMPFILE").
///
/// # Errors
/// What the system says.
pub fn give_name(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{AtFlags, CWD, linkat};
        use std::os::fd::AsRawFd as _;
        let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(CWD, nameless.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, path);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// An empty file in `directory` that never gets a name, mode 0600, to be written and read.
///
/// Where the system or file system knows no such thing, it has a name for an instant; what a kill in it leaves is removed by [`sweep`](crate::sweep).
///
/// # Errors
/// What the system says.
pub fn scratch_file(directory: &Path) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        if let Ok(file) = open(directory, flags, Mode::RUSR | Mode::WUSR) {
            return Ok(file.into());
        }
    }
    unlinked_file(directory)
}

/// The same by way of a name.
fn unlinked_file(directory: &Path) -> io::Result<File> {
    locked_temporary(directory).map(tempfile::NamedTempFile::into_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn a_scratch_file_has_no_name_and_is_read_and_written() {
        let root = tempfile::tempdir().unwrap();
        for created in [scratch_file(root.path()), unlinked_file(root.path())] {
            let mut file = created.unwrap();
            let status = file.metadata().unwrap();
            assert_eq!((status.nlink(), status.mode() & 0o777), (0, 0o600));
            assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
            file.write_all(b"kept").unwrap();
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, "kept");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_appears_when_it_gets_its_name() {
        let root = tempfile::tempdir().unwrap();
        let created = create_nameless(root.path());
        container_require::require!(created.is_some(), "a file system whose files need no name");
        let mut file = created.unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        let path = root.path().join("file");
        give_name(&file, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert!(give_name(&file, &path).is_err());
    }
}
