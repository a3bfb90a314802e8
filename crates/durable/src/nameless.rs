//! Files that have no name until they are complete, so that no killed process leaves one behind.

use std::fs::File;
use std::io;
use std::path::Path;

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use container_require::require;
    use std::io::Write as _;

    #[test]
    fn a_file_appears_when_it_gets_its_name() {
        let root = tempfile::tempdir().unwrap();
        let created = create_nameless(root.path());
        require!(created.is_some(), "a file system whose files need no name");
        let mut file = created.unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        let path = root.path().join("file");
        give_name(&file, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert!(give_name(&file, &path).is_err());
    }
}
