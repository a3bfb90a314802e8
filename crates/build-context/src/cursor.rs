//! Directories by their paths, one after the other.

use std::io;

use crate::directory::{Content, Directory};

/// The directories on the way to the one that was asked for last. Who asks in the order of a walk opens each directory once.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    root: &'a dyn Directory,
    open: Vec<(Vec<u8>, Box<dyn Directory>)>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(root: &'a dyn Directory) -> Self {
        Self { root, open: Vec::new() }
    }

    /// Opens the regular file at a path from the root, on which nothing is a symbolic link.
    pub(crate) fn open(&mut self, path: &[u8]) -> io::Result<Content> {
        let mut names: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let name = names.pop().unwrap_or_default();
        let pairs = self.open.iter().zip(&names);
        let common = pairs.take_while(|((open, _), name)| open == *name).count();
        self.open.truncate(common);
        for name in &names[common..] {
            let directory = self.current().enter(name)?;
            self.open.push((name.to_vec(), directory));
        }
        self.current().open(name)
    }

    fn current(&self) -> &dyn Directory {
        self.open.last().map_or(self.root, |(_, directory)| &**directory)
    }
}
