//! Which ignored directories a build sees all the same.

use std::io;
use std::vec;

use rustix::fs::FileType;

use crate::directory::{Directory, is_other_kind, seen, sorted_names};
use crate::ignore::Ignore;
use crate::path::{check_length, join};
use crate::pattern::Hits;

/// Whether something below an ignored directory is not ignored, so that the directory is there as the way to it.
///
/// Directories in which nothing can be brought back are not read. An error has the path that it is about.
pub(crate) fn is_anything_present(
    directory: &dyn Directory,
    path: &[u8],
    hits: &Hits,
    ignore: &Ignore,
) -> Result<bool, (Vec<u8>, io::Error)> {
    let mut levels = Vec::new();
    let names = names_in(directory).map_err(|error| (path.to_vec(), error))?;
    levels.extend(names.map(|names| Level {
        directory: None,
        names,
        path: path.to_vec(),
        hits: hits.clone(),
    }));
    while let Some(level) = levels.last_mut() {
        let Some(name) = level.names.next() else {
            levels.pop();
            continue;
        };
        let path = join(&level.path, &name);
        let refused = |error| (path.clone(), error);
        check_length(&path).map_err(refused)?;
        let hits = ignore.hits(&level.hits, &path);
        let current = level.directory.as_deref().unwrap_or(directory);
        let Some(status) = seen(current, &name).map_err(refused)? else {
            continue;
        };
        if !hits.is_matched {
            return Ok(true);
        }
        if status.kind != FileType::Directory || !ignore.may_bring_back_below(&hits, &path) {
            continue;
        }
        let Some(inner) = enter_ignored(current, &name).map_err(refused)? else {
            continue;
        };
        if let Some(names) = names_in(&*inner).map_err(refused)? {
            levels.push(Level {
                directory: Some(inner),
                names,
                path,
                hits,
            });
        }
    }
    Ok(false)
}

/// A directory that is being looked through.
struct Level {
    /// Nothing for the outermost one.
    directory: Option<Box<dyn Directory>>,
    names: vec::IntoIter<Vec<u8>>,
    path: Vec<u8>,
    hits: Hits,
}

/// Opens an ignored directory; nothing where that is not allowed, or where it is gone, because what is ignored is nobody's concern.
pub(crate) fn enter_ignored(directory: &dyn Directory, name: &[u8]) -> io::Result<Option<Box<dyn Directory>>> {
    match directory.enter(name) {
        Ok(inner) => Ok(Some(inner)),
        Err(error) if is_nobodys_concern(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn names_in(directory: &dyn Directory) -> io::Result<Option<vec::IntoIter<Vec<u8>>>> {
    match sorted_names(directory) {
        Ok(names) => Ok(Some(names.into_iter())),
        Err(error) if is_nobodys_concern(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_nobodys_concern(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied || is_other_kind(error)
}
