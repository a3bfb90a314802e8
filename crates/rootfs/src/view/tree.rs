//! A tree of the container's root, entry by entry: a directory before what is in it, the names of a directory in the order of their bytes.

use super::{Located, RootView};
use crate::entry::{Entry, Part};
use crate::error::RootError;
use crate::walk::{Step, Walk};

/// What the walk has come to.
#[derive(Debug)]
pub struct Visit {
    /// The path below where the walk started; empty there.
    pub path: Vec<u8>,
    /// What is there.
    pub entry: Entry,
}

impl RootView {
    /// A walk through what was located, if anything is there.
    #[must_use]
    pub fn walk(&self, located: &Located) -> Option<TreeWalk<'_>> {
        let entry = located.entry.clone()?;
        Some(TreeWalk::new(self, located.names.clone(), entry))
    }
}

/// A walk through a tree: a directory before what is in it, names in the order of their bytes. It follows no links.
pub struct TreeWalk<'a> {
    view: &'a RootView,
    /// Names of the path that lead to where the walk started, and on from there.
    at: Vec<Vec<u8>>,
    /// How many of them lead to where it started.
    start_depth: usize,
    start: Option<Entry>,
    walk: Walk<Vec<Part>>,
}

impl<'a> TreeWalk<'a> {
    /// Starts at `entry`, which is at the path of these names.
    pub(crate) fn new(view: &'a RootView, at: Vec<Vec<u8>>, entry: Entry) -> Self {
        Self {
            view,
            start_depth: at.len(),
            at,
            start: Some(entry),
            walk: Walk::new(),
        }
    }

    /// The next entry; `None` at the end.
    ///
    /// # Errors
    /// [`RootError::DirectoryTwice`], [`RootError::TooDeep`], [`RootError::TooMuch`], or any about a disk.
    #[expect(
        clippy::should_implement_trait,
        reason = "it can fail, and nothing follows a failure"
    )]
    pub fn next(&mut self) -> Result<Option<Visit>, RootError> {
        if let Some(entry) = self.start.take() {
            return self.visit(entry).map(Some);
        }
        while let Some(step) = self.walk.next()? {
            let (Step::Name(name), Some(parts)) = (step, self.walk.directory()) else {
                continue;
            };
            self.at.truncate(self.start_depth + self.walk.depth() - 1);
            let Some(entry) = self.view.child(&self.at, parts, &name)? else {
                continue;
            };
            self.at.push(name);
            return self.visit(entry).map(Some);
        }
        Ok(None)
    }

    /// Goes on in `entry` if it is a directory.
    fn visit(&mut self, entry: Entry) -> Result<Visit, RootError> {
        if entry.is_directory() {
            let names = self.view.children(&self.at, &entry.parts)?;
            self.walk
                .enter(&self.view.disks, entry.place, entry.parts.clone(), names)?;
        }
        Ok(Visit {
            path: self.walk.path().to_vec(),
            entry,
        })
    }
}
