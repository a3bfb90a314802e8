//! What a pattern of a source matches.

use std::vec;

use rustix::fs::FileType;

use super::error::SelectError;
use crate::directory::{Directory, is_other_kind, seen, sorted_names};
use crate::ignore::Ignore;
use crate::path::{check_length, join};
use crate::pattern::{Glob, Hits};
use crate::presence::enter_ignored;
use crate::resolve::{Located, Target};

/// The paths, from the root, of what the pattern matches below a directory. What is in a directory that it matches is not looked at, nor is what is behind a
/// symbolic link or in a directory that can have no match.
pub(super) fn matches(base: &Located<'_>, glob: &Glob, ignore: &Ignore) -> Result<Vec<Vec<u8>>, SelectError> {
    let Target::Directory(root) = &base.target else {
        return Ok(Vec::new());
    };
    let root = root.get();
    let read_error = |path: &[u8]| {
        let path = path.to_vec();
        move |source| SelectError::Read { path, source }
    };
    let mut found = Vec::new();
    let mut levels = vec![Level {
        directory: None,
        names: sorted_names(root).map_err(read_error(&base.path))?.into_iter(),
        path: Vec::new(),
        hits: base.hits.clone(),
    }];
    while let Some(level) = levels.last_mut() {
        let Some(name) = level.names.next() else {
            levels.pop();
            continue;
        };
        let directory = level.directory.as_deref().unwrap_or(root);
        let below = join(&level.path, &name);
        let path = join(&base.path, &below);
        check_length(&path).map_err(read_error(&path))?;
        let is_match = glob.matches(&below);
        if !is_match && !glob.may_match_below(&below) {
            continue;
        }
        let Some(status) = seen(directory, &name).map_err(read_error(&path))? else {
            continue;
        };
        let hits = ignore.hits(&level.hits, &path);
        let is_directory = status.kind == FileType::Directory;
        if hits.is_matched && !(is_directory && ignore.may_bring_back_below(&hits, &path)) {
            continue;
        }
        if is_match {
            found.push(path);
            continue;
        }
        if !is_directory {
            continue;
        }
        let inner = match hits.is_matched {
            true => enter_ignored(directory, &name).map_err(read_error(&path))?,
            false => match directory.enter(&name) {
                // It vanished after it was listed.
                Err(error) if is_other_kind(&error) => None,
                inner => Some(inner.map_err(read_error(&path))?),
            },
        };
        if let Some(inner) = inner {
            levels.push(Level {
                names: sorted_names(&*inner).map_err(read_error(&path))?.into_iter(),
                directory: Some(inner),
                path: below,
                hits,
            });
        }
    }
    Ok(found)
}

/// A directory that is being looked through.
struct Level {
    /// Nothing for the base.
    directory: Option<Box<dyn Directory>>,
    names: vec::IntoIter<Vec<u8>>,
    /// From the base.
    path: Vec<u8>,
    hits: Hits,
}
