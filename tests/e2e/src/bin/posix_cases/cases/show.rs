//! Answers as text.

use std::fmt::Display;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::FileType;

/// The error of the system, or what there is.
pub(crate) fn answer<T: Display, E: Into<io::Error>>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => error.into().to_string(),
    }
}

/// The error of the system, or `ok`.
pub(crate) fn done<T, E: Into<io::Error>>(result: Result<T, E>) -> String {
    answer(result.map(|_| "ok"))
}

/// Type, mode, owner, size and links of what is at a path, without what file systems of Linux differ in.
pub(crate) fn file(path: &Path) -> String {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) => return error.to_string(),
    };
    let kind = FileType::from_raw_mode(found.mode());
    let owner = format!("{:o} {}:{}", found.mode() & 0o7777, found.uid(), found.gid());
    match kind {
        FileType::Directory => format!("directory {owner}"),
        _ => format!("{kind:?} {owner} {} bytes {} links", found.size(), found.nlink()),
    }
}
