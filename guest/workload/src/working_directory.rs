//! The directory that a process starts in.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;

use rustix::process::chdir;

use crate::failure::{StartFailure, StartFailureKind, reason};

/// A working directory inside the container; the calling process has the container's root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkingDirectory<'a>(&'a str);

impl<'a> WorkingDirectory<'a> {
    /// The directory at `path`, which has to be absolute; empty means the root.
    pub(crate) fn new(path: &'a str) -> Result<Self, StartFailure> {
        let directory = Self(if path.is_empty() { "/" } else { path });
        if directory.0.starts_with('/') {
            Ok(directory)
        } else {
            Err(directory.failure(
                StartFailureKind::WorkingDirectory,
                "enter",
                "it is not an absolute path",
            ))
        }
    }

    /// Makes the directory and its parents if they are missing, with mode 0755. A dangling link in the path is an error: its target is
    /// not made.
    pub(crate) fn make(self) -> Result<(), StartFailure> {
        match DirBuilder::new().recursive(true).mode(0o755).create(self.0) {
            Ok(()) => Ok(()),
            // The path exists. If it is not a directory, the error of entering it says so better.
            Err(_) if std::fs::metadata(self.0).is_ok() => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let reason = "a symbolic link in it leads nowhere";
                Err(self.failure(StartFailureKind::WorkingDirectory, "make", reason))
            }
            Err(error) => Err(self.failure(StartFailureKind::WorkingDirectory, "make", &reason(&error))),
        }
    }

    /// Enters it with the rights that the calling process has.
    pub(crate) fn enter(self) -> Result<(), StartFailure> {
        chdir(self.0).map_err(|errno| {
            let kind = match errno {
                // The directory exists and may not be entered, as a program may exist and not be executable.
                rustix::io::Errno::ACCESS => StartFailureKind::NotExecutable,
                _ => StartFailureKind::WorkingDirectory,
            };
            self.failure(kind, "enter", &reason(&errno.into()))
        })
    }

    fn failure(self, kind: StartFailureKind, action: &str, reason: &str) -> StartFailure {
        let path = self.0;
        StartFailure::new(
            kind,
            format!("cannot {action} the working directory \"{path}\": {reason}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn make(path: &Path) -> Result<(), StartFailure> {
        WorkingDirectory::new(path.to_str().unwrap()).unwrap().make()
    }

    #[test]
    fn missing_directories_are_made_with_a_stated_mode() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        make(&path).unwrap();
        for made in [&path, &root.path().join("a")] {
            assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o7777, 0o755);
        }
        make(&path).unwrap();
    }

    #[test]
    fn a_link_that_leads_nowhere_is_an_error_and_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        symlink(root.path().join("nowhere"), root.path().join("link")).unwrap();
        for path in ["link", "link/sub"] {
            let failure = make(&root.path().join(path)).unwrap_err();
            assert_eq!(failure.kind, StartFailureKind::WorkingDirectory);
            assert!(failure.message.contains("leads nowhere"), "{}", failure.message);
        }
        assert!(!root.path().join("nowhere").exists());
    }

    #[test]
    fn a_link_to_a_directory_is_accepted() {
        let root = tempfile::tempdir().unwrap();
        symlink(root.path(), root.path().join("link")).unwrap();
        make(&root.path().join("link")).unwrap();
        make(&root.path().join("link/sub")).unwrap();
        assert!(root.path().join("sub").is_dir());
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_an_error_of_entering_it() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, b"").unwrap();
        make(&file).unwrap();
        let failure = WorkingDirectory::new(file.to_str().unwrap())
            .unwrap()
            .enter()
            .unwrap_err();
        assert_eq!(failure.kind, StartFailureKind::WorkingDirectory);
        assert!(failure.message.ends_with("not a directory"), "{}", failure.message);
    }

    #[test]
    fn relative_paths_are_refused() {
        let failure = WorkingDirectory::new("tmp").unwrap_err();
        assert!(failure.message.contains("absolute"), "{}", failure.message);
    }
}
