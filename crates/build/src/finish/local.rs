//! The files of the roots in a directory of the host.
//!
//! They are made aside first, on the same file system, and take their place only when all of them are there: a new directory as a whole, in one that was there
//! file by file, after a look at whether anything is in the way. No symbolic link of the root or of the directory is ever followed.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use container_tree::{Attributes, Extraction, Owners, extract, merge, remove_tree};

use super::Made;
use super::files::Roots;
use crate::execute::{Execution, blocking, piped};
use crate::{BuildError, FilesError, StepError};

/// How much is read of the tar at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// The mode of a directory that is made for the files.
const DIRECTORY_MODE: u32 = 0o755;

/// Writes the files of the roots into a directory, as the calling user's.
pub(super) async fn write(
    execution: &Execution<'_>,
    made: &[Made],
    directory: PathBuf,
    splits_platforms: Option<bool>,
) -> Result<(), BuildError> {
    let failed = |error| BuildError::output(Some(&directory), error);
    let roots = Roots::of(execution, made, splits_platforms).await.map_err(failed)?;
    let place = directory.clone();
    let written = blocking(move || {
        let unfinished = Unfinished::start(&place).map_err(FilesError::from)?;
        unfinished.fill(roots)?;
        Ok(unfinished.place()?)
    });
    written.await.map_err(failed)
}

/// Files on their way to a directory. Dropped before they are in their place, they are removed.
struct Unfinished {
    /// Where they are.
    path: PathBuf,
    destination: PathBuf,
    /// Whether the destination was there before.
    merges: bool,
}

impl Unfinished {
    fn start(destination: &Path) -> io::Result<Self> {
        let name = |beside: &Path| {
            let mut name = OsString::from(".");
            name.push(beside.file_name().unwrap_or_default());
            name.push(format!(".{}.partial", uuid::Uuid::new_v4().simple()));
            name
        };
        let (path, merges) = match fs::metadata(destination) {
            Ok(found) if found.is_dir() => (destination.join(name(Path::new("build"))), true),
            Ok(_) => return Err(io::Error::other("a file is there, and no directory")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A link to nowhere is no place for a directory.
                if fs::symlink_metadata(destination).is_ok() {
                    return Err(io::Error::other("a symbolic link is there that leads to nowhere"));
                }
                let parent = destination.parent().filter(|parent| !parent.as_os_str().is_empty());
                let parent = parent.unwrap_or(Path::new("."));
                fs::create_dir_all(parent)?;
                (parent.join(name(destination)), false)
            }
            Err(error) => return Err(error),
        };
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self {
            path,
            destination: destination.to_owned(),
            merges,
        })
    }

    fn fill(&self, roots: Roots) -> Result<(), StepError> {
        let extraction = Extraction {
            owners: Owners::Caller,
            attributes: Attributes::Portable,
            is_layer: false,
        };
        let tar = piped(move |output| Ok(roots.write(output)?)).map_err(FilesError::from)?;
        let directory = File::open(&self.path).map_err(FilesError::from)?;
        let extracted = extract(
            directory.as_fd(),
            BufReader::with_capacity(BUFFER_BYTES, tar),
            &extraction,
        );
        Ok(extracted.map_err(FilesError::from)?)
    }

    fn place(self) -> Result<(), FilesError> {
        if self.merges {
            let (from, into) = (File::open(&self.path)?, File::open(&self.destination)?);
            return Ok(merge(from.as_fd(), into.as_fd())?);
        }
        fs::set_permissions(&self.path, fs::Permissions::from_mode(DIRECTORY_MODE))?;
        Ok(fs::rename(&self.path, &self.destination)?)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return;
        };
        let removed = File::open(parent).and_then(|parent| Ok(remove_tree(parent.as_fd(), name)?));
        if let Err(error) = removed {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove unfinished files");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(directory: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_directory_appears_whole_and_one_that_is_given_up_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let destination = root.path().join("new/out");
        let unfinished = Unfinished::start(&destination).unwrap();
        fs::write(unfinished.path.join("a"), "1").unwrap();
        assert!(!destination.exists());
        drop(unfinished);
        assert_eq!(names(&root.path().join("new")), Vec::<OsString>::new());
        let unfinished = Unfinished::start(&destination).unwrap();
        fs::write(unfinished.path.join("a"), "1").unwrap();
        unfinished.place().unwrap();
        assert_eq!(names(&root.path().join("new")), ["out"]);
        assert_eq!(names(&destination), ["a"]);
    }

    #[test]
    fn what_was_there_stays_and_what_is_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b")).unwrap();
        let unfinished = Unfinished::start(root.path()).unwrap();
        fs::write(unfinished.path.join("a"), "1").unwrap();
        fs::write(unfinished.path.join("b"), "1").unwrap();
        let error = unfinished.place().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"b\" is there, and is a directory: a file cannot take its place"
        );
        assert_eq!(names(root.path()), ["b"]);
    }

    #[test]
    fn a_file_or_a_lost_link_is_no_directory() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        symlink("nowhere", root.path().join("link")).unwrap();
        for name in ["file", "link"] {
            assert!(Unfinished::start(&root.path().join(name)).is_err(), "{name}");
        }
        assert_eq!(names(root.path()), ["file", "link"]);
    }
}
