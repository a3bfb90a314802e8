//! Removing directories that machines have written to.
//!
//! What is in them may have any name and any mode, and may be nested deeper than a path or a stack reaches: directories are moved to the top before
//! they are emptied. Symbolic links are removed, never followed. Nobody else changes the tree meanwhile.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use uuid::Uuid;

/// Removes a directory with everything in it.
///
/// # Errors
/// When something cannot be removed; what was removed is gone.
pub(super) fn remove(directory: &Path) -> io::Result<()> {
    empty(directory)?;
    fs::remove_dir(directory)
}

/// Removes everything that is in a directory.
///
/// # Errors
/// As [`remove`].
pub(super) fn empty(directory: &Path) -> io::Result<()> {
    make_accessible(directory)?;
    let moved = format!(".removed-{}-", Uuid::new_v4().simple());
    let mut next = 0_u64;
    loop {
        let mut is_empty = true;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            is_empty = false;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
                continue;
            }
            make_accessible(&entry.path())?;
            for nested in fs::read_dir(entry.path())? {
                let nested = nested?;
                if nested.file_type()?.is_dir() {
                    // The name of its parent in it changes, which takes the right to write to it.
                    make_accessible(&nested.path())?;
                    fs::rename(nested.path(), directory.join(format!("{moved}{next}")))?;
                    next += 1;
                } else {
                    fs::remove_file(nested.path())?;
                }
            }
            fs::remove_dir(entry.path())?;
        }
        if is_empty {
            return Ok(());
        }
    }
}

fn make_accessible(directory: &Path) -> io::Result<()> {
    let mode = fs::symlink_metadata(directory)?.permissions().mode();
    match mode & 0o700 {
        0o700 => Ok(()),
        _ => fs::set_permissions(directory, Permissions::from_mode(mode & 0o7777 | 0o700)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn whatever_is_in_a_directory_goes_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let kept = root.path().join("kept");
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "").unwrap();
        let tree = root.path().join("tree");
        fs::create_dir_all(tree.join("a/locked/deep")).unwrap();
        fs::write(tree.join("a/locked/file"), "").unwrap();
        symlink(&kept, tree.join("a/link")).unwrap();
        symlink(&kept, tree.join("link")).unwrap();
        for mode_less in ["a/locked/deep", "a/locked", "a"] {
            fs::set_permissions(tree.join(mode_less), Permissions::from_mode(0o000)).unwrap();
        }
        empty(&tree).unwrap();
        assert_eq!(fs::read_dir(&tree).unwrap().count(), 0);
        remove(&tree).unwrap();
        assert!(!tree.exists() && kept.join("file").exists());
    }

    #[test]
    fn a_tree_that_no_path_reaches_the_end_of_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let tree = root.path().join("tree");
        fs::create_dir(&tree).unwrap();
        // Built from the inside out, because a path has 4,095 bytes at most.
        let name = "n".repeat(200);
        let (inner, outer) = (tree.join("inner"), tree.join("outer"));
        fs::create_dir(&inner).unwrap();
        for _ in 0..100 {
            fs::create_dir(&outer).unwrap();
            fs::rename(&inner, outer.join(&name)).unwrap();
            fs::rename(&outer, &inner).unwrap();
        }
        remove(&tree).unwrap();
        assert!(!tree.exists());
    }
}
