//! Paths within the container's root.

use super::RootView;
use crate::entry::Entry;
use crate::error::RootError;
use crate::path;
use container_ext4::NodeKind;

/// Where a path leads to.
#[derive(Debug, Clone)]
pub struct Located {
    pub(crate) names: Vec<Vec<u8>>,
    /// What is there, if anything is. The directory that it would be in is there.
    pub entry: Option<Entry>,
}

impl Located {
    /// The absolute path without symbolic links and `..`. Only at its end may there be a link, where it was not followed.
    #[must_use]
    pub fn path(&self) -> Vec<u8> {
        path::absolute(&self.names)
    }
}

impl RootView {
    /// Walks to `path`, which counts from the root in any case. Symbolic links on the way are followed, the one at the end if `follow` or if the path ends with a
    /// slash; none of them, and no `..`, leads out of the root.
    ///
    /// # Errors
    /// [`RootError::NotFound`] when a directory on the way is not there, [`RootError::NotADirectory`], [`RootError::Loop`], [`RootError::InvalidPath`], or any about a disk.
    pub fn locate(&self, path: &[u8], follow: bool) -> Result<Located, RootError> {
        if path.contains(&0) || path.len() > path::MAX_PATH_BYTES {
            return Err(RootError::InvalidPath { path: path.to_vec() });
        }
        let means_directory = path::means_directory(path);
        let follow = follow || means_directory;
        let mut pending: Vec<Vec<u8>> = path::names(path).rev().map(<[u8]>::to_vec).collect();
        let mut names: Vec<Vec<u8>> = Vec::new();
        // The directories of `names`, behind the root.
        let mut open: Vec<Entry> = Vec::new();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == b".." {
                names.pop();
                open.pop();
                continue;
            }
            let directory = open.last().unwrap_or(self.root());
            let is_last = pending.is_empty();
            let Some(entry) = self.child(&names, &directory.parts, &name)? else {
                if !is_last {
                    return Err(RootError::NotFound { path: path.to_vec() });
                }
                names.push(name);
                return Ok(Located { names, entry: None });
            };
            match entry.kind() {
                NodeKind::Directory => {
                    names.push(name);
                    open.push(entry);
                }
                NodeKind::Symlink if !is_last || follow => {
                    links += 1;
                    if links > path::MAX_SYMLINKS {
                        return Err(RootError::Loop { path: path.to_vec() });
                    }
                    let target = self.link_target(&entry)?;
                    if target.starts_with(b"/") {
                        names.clear();
                        open.clear();
                    }
                    pending.extend(path::names(&target).rev().map(<[u8]>::to_vec));
                }
                _ if is_last && !means_directory => {
                    names.push(name);
                    return Ok(Located {
                        names,
                        entry: Some(entry),
                    });
                }
                _ => return Err(RootError::NotADirectory { path: path.to_vec() }),
            }
        }
        let entry = open.pop().unwrap_or_else(|| self.root().clone());
        Ok(Located {
            names,
            entry: Some(entry),
        })
    }
}
