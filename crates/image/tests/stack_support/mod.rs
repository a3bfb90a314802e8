//! What a stack of layers shows, found out in three ways.

pub(crate) mod model;
pub(crate) mod stacked;

use std::collections::BTreeMap;

/// What is under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) what: What,
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) modified: i64,
    pub(crate) xattrs: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Directory,
    File(Vec<u8>),
    Symlink(String),
    Fifo,
    /// What overlayfs takes for the absence of a file.
    Whiteout,
    /// A directory that hides what is below it.
    OpaqueDirectory,
}

/// Paths without a slash in front; the root is the empty one.
pub(crate) type View = BTreeMap<String, Seen>;

/// Removes `path` and what is below it.
pub(crate) fn remove(view: &mut View, path: &str) {
    view.remove(path);
    remove_contents(view, path);
}

pub(crate) fn remove_contents(view: &mut View, path: &str) {
    let below = format!("{path}/");
    view.retain(|other, _| path.is_empty() && other.is_empty() || !path.is_empty() && !other.starts_with(&below));
}
