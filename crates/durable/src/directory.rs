//! Directories that only their owner may enter.

use std::fs::{DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::sync::sync_in_order;

/// Why a directory could not be made or made durable.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The directory, or one of its parents, could not be made.
    #[error("cannot create directory {}: {source}", path.display())]
    Create {
        /// The directory asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory's entries could not be made durable.
    #[error("cannot sync directory {}: {source}", path.display())]
    Sync {
        /// The directory asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes `path` and its missing parents, each with mode 0700; succeeds when it is there already.
///
/// The mode of a directory that exists is left alone: its owner may have opened it on purpose.
///
/// # Errors
/// [`DirectoryError::Create`] with the path that was asked for.
pub fn create_private_dir(path: &Path) -> Result<(), DirectoryError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| DirectoryError::Create {
        path: path.to_owned(),
        source,
    })
}

/// Makes renames and removals inside `path` durable, in the sense of [`sync_in_order`].
///
/// # Errors
/// [`DirectoryError::Sync`] when the directory cannot be opened or synced.
pub fn sync_dir(path: &Path) -> Result<(), DirectoryError> {
    File::open(path)
        .and_then(|directory| sync_in_order(&directory))
        .map_err(|source| DirectoryError::Sync {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn new_directories_are_private() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        create_private_dir(&path).unwrap();
        create_private_dir(&path).unwrap();
        for directory in [root.path().join("a"), path] {
            assert_eq!(
                std::fs::metadata(directory).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        std::fs::write(&path, b"").unwrap();
        let error = create_private_dir(&path).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
