//! A private directory where everybody may make directories.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Why a directory in a public place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// It could not be made or looked at.
    #[error("cannot create directory {}: {source}", path.display())]
    Create {
        /// The directory asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is there was made by another user, or others may enter it, or it is no directory.
    #[error("{} is not a directory that only this user may enter", path.display())]
    NotPrivate {
        /// The directory asked for.
        path: PathBuf,
    },
}

/// Makes `path`, mode 0700, in a directory such as `/tmp`, or finds it there as this user has made it. Its parent must be there, and
/// keep users from renaming what is not theirs (the sticky bit).
///
/// # Errors
/// [`ClaimError::NotPrivate`] when somebody else may have put something into it.
pub fn claim_private_dir(path: &Path) -> Result<(), ClaimError> {
    claim(path, rustix::process::geteuid().as_raw())
}

fn claim(path: &Path, uid: u32) -> Result<(), ClaimError> {
    let failed = |source| ClaimError::Create {
        path: path.to_owned(),
        source,
    };
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let found = path.symlink_metadata().map_err(failed)?;
    if found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(ClaimError::NotPrivate { path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    fn is_refused(path: &Path) -> bool {
        matches!(claim_private_dir(path), Err(ClaimError::NotPrivate { .. }))
    }

    #[test]
    fn a_directory_is_made_once_and_found_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mine");
        claim_private_dir(&path).unwrap();
        claim_private_dir(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_others_may_have_prepared_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let [open, link, file] = ["open", "link", "file"].map(|name| root.path().join(name));
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, Permissions::from_mode(0o750)).unwrap();
        std::os::unix::fs::symlink(root.path(), &link).unwrap();
        std::fs::write(&file, b"").unwrap();
        assert!(is_refused(&open) && is_refused(&link) && is_refused(&file));
        let mine = root.path().join("mine");
        claim_private_dir(&mine).unwrap();
        let another_user = mine.metadata().unwrap().uid() + 1;
        assert!(matches!(claim(&mine, another_user), Err(ClaimError::NotPrivate { .. })));
    }

    #[test]
    fn a_missing_parent_is_not_made() {
        let root = tempfile::tempdir().unwrap();
        let error = claim_private_dir(&root.path().join("a/b")).unwrap_err();
        assert!(matches!(error, ClaimError::Create { .. }), "{error}");
    }
}
