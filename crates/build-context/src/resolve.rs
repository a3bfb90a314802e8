//! From a path to what is there.

use std::collections::VecDeque;
use std::io;

use container_tree::Status;
use rustix::fs::FileType;

use crate::directory::{Directory, Here, is_other_kind, seen};
use crate::ignore::Ignore;
use crate::path::{check_length, join};
use crate::pattern::Hits;
use crate::presence::is_anything_present;

/// As many symbolic links as BuildKit follows on one path.
const MAX_LINKS: usize = 255;

/// What a path leads to.
#[derive(Debug)]
pub(crate) struct Located<'a> {
    /// Where it is, from the root and without symbolic links; empty for the root.
    pub(crate) path: Vec<u8>,
    /// What the ignore rules say of it.
    pub(crate) hits: Hits,
    pub(crate) target: Target<'a>,
}

impl Located<'_> {
    /// Whether it is a regular file.
    pub(crate) fn is_file(&self) -> bool {
        matches!(&self.target, Target::File(status) if status.kind == FileType::RegularFile)
    }
}

/// What is there.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    Directory(Here<'a>),
    /// Anything else, which is no symbolic link.
    File(Status),
}

/// Why a path leads nowhere.
#[derive(Debug)]
pub(crate) enum ResolveError {
    /// There is nothing, or, where it is ignored, nothing that may be seen.
    Missing { is_ignored: bool },
    /// Too many symbolic links.
    Loop,
    /// The system refused.
    Read { path: Vec<u8>, source: io::Error },
}

/// Follows a path from the root, and the symbolic links on it as if the root were `/`.
///
/// What is ignored is not there. A directory that is ignored is there if something in it is not.
pub(crate) fn resolve<'a>(
    root: &'a dyn Directory,
    ignore: &Ignore,
    names: &[Vec<u8>],
) -> Result<Located<'a>, ResolveError> {
    let mut levels: Vec<Level> = Vec::new();
    let mut pending: VecDeque<Vec<u8>> = names.iter().cloned().collect();
    let mut links = 0;
    while let Some(name) = pending.pop_front() {
        match name.as_slice() {
            b"" | b"." => continue,
            b".." => {
                levels.pop();
                continue;
            }
            _ => {}
        }
        let (current, parent_path, parent_hits) = match levels.last() {
            Some(level) => (&*level.directory, level.path.as_slice(), &level.hits),
            None => (root, b"".as_slice(), &Hits::default()),
        };
        let path = join(parent_path, &name);
        let refused = |source| ResolveError::Read {
            path: path.clone(),
            source,
        };
        check_length(&path).map_err(refused)?;
        let Some(status) = seen(current, &name).map_err(refused)? else {
            return Err(ResolveError::Missing { is_ignored: false });
        };
        let hits = ignore.hits(parent_hits, &path);
        let is_ignored = hits.is_matched;
        match status.kind {
            FileType::Directory => {
                if is_ignored && !ignore.may_bring_back_below(&hits, &path) {
                    return Err(ResolveError::Missing { is_ignored });
                }
                let directory = current.enter(&name).map_err(|error| match is_other_kind(&error) {
                    true => ResolveError::Missing { is_ignored: false },
                    false => refused(error),
                })?;
                levels.push(Level { path, directory, hits });
            }
            _ if is_ignored => return Err(ResolveError::Missing { is_ignored }),
            FileType::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(ResolveError::Loop);
                }
                let target = current.read_link(&name).map_err(refused)?;
                if target.first() == Some(&b'/') {
                    levels.clear();
                }
                for name in target.rsplit(|byte| *byte == b'/') {
                    pending.push_front(name.to_vec());
                }
            }
            _ if pending.iter().all(|name| name.is_empty() || name == b".") => {
                let target = Target::File(status);
                return Ok(Located { path, hits, target });
            }
            // Nothing can be below a file.
            _ => return Err(ResolveError::Missing { is_ignored: false }),
        }
    }
    let Some(level) = levels.pop() else {
        return Ok(Located {
            path: Vec::new(),
            hits: Hits::default(),
            target: Target::Directory(Here::Root(root)),
        });
    };
    let located = Located {
        path: level.path,
        hits: level.hits,
        target: Target::Directory(Here::Below(level.directory)),
    };
    match &located.target {
        Target::Directory(directory) if located.hits.is_matched => {
            let is_present = is_anything_present(directory.get(), &located.path, &located.hits, ignore);
            match is_present.map_err(|(path, source)| ResolveError::Read { path, source })? {
                true => Ok(located),
                false => Err(ResolveError::Missing { is_ignored: true }),
            }
        }
        _ => Ok(located),
    }
}

/// A directory on the way.
struct Level {
    path: Vec<u8>,
    directory: Box<dyn Directory>,
    hits: Hits,
}

#[cfg(test)]
mod tests;
