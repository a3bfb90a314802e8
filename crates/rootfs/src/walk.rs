//! Going through directories that lie in each other, within bounds: a container may have written anything to its disk.

use std::collections::HashSet;

use crate::budget::Budget;
use crate::entry::Place;
use crate::error::RootError;
use crate::overlay::Disks;
use crate::path::MAX_PATH_BYTES;

/// Names of the directories on the way that wait to be visited.
const MAX_PENDING_BYTES: usize = 1 << 30;
/// What a name takes besides its bytes.
const NAME_BYTES: usize = 24;
/// Directories, each of which takes some 30 bytes: as many as a layer may have entries.
const MAX_DIRECTORIES: usize = 1 << 22;
/// How much of a path that is too long is shown.
const SHOWN_BYTES: usize = 200;

/// What comes next.
pub(crate) enum Step<D> {
    /// A name in the directory that was entered last. The path of the walk leads to it.
    Name(Vec<u8>),
    /// That directory has no further name. The path of the walk leads to the directory.
    Left(D),
}

/// A directory on the way.
struct Frame<D> {
    directory: D,
    /// What is left, last name first.
    names: Vec<Vec<u8>>,
    /// Bytes of the path of the directory.
    path_bytes: usize,
}

/// A walk through directories, of each of which it keeps a value. It ends with an error where a directory has two names.
pub(crate) struct Walk<D> {
    path: Vec<u8>,
    open: Vec<Frame<D>>,
    met: HashSet<Place>,
    directories: Budget,
    pending_bytes: Budget,
}

impl<D> Walk<D> {
    pub(crate) fn new() -> Self {
        Self {
            path: Vec::new(),
            open: Vec::new(),
            met: HashSet::new(),
            directories: Budget::new("directories", MAX_DIRECTORIES),
            pending_bytes: Budget::new(
                "bytes of names in directories that lie in each other",
                MAX_PENDING_BYTES,
            ),
        }
    }

    /// The path below where the walk started; empty there.
    pub(crate) fn path(&self) -> &[u8] {
        &self.path
    }

    /// The directory that was entered last, and not left.
    pub(crate) fn directory(&self) -> Option<&D> {
        self.open.last().map(|frame| &frame.directory)
    }

    /// How many directories were entered and not left.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Goes on in the directory that the path leads to, which is at `place`, with its names in their order.
    pub(crate) fn enter(
        &mut self,
        disks: &Disks,
        place: Place,
        directory: D,
        mut names: Vec<Vec<u8>>,
    ) -> Result<(), RootError> {
        if !self.met.insert(place) {
            return Err(RootError::DirectoryTwice {
                disk: disks.disk(place).role.clone(),
                path: self.path.clone(),
            });
        }
        self.directories.take(1)?;
        self.pending_bytes.take(names.iter().map(|name| taken(name)).sum())?;
        names.reverse();
        self.open.push(Frame {
            directory,
            names,
            path_bytes: self.path.len(),
        });
        Ok(())
    }

    /// The next step; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step<D>>, RootError> {
        let Some(frame) = self.open.last_mut() else {
            return Ok(None);
        };
        self.path.truncate(frame.path_bytes);
        let Some(name) = frame.names.pop() else {
            return Ok(self.open.pop().map(|frame| Step::Left(frame.directory)));
        };
        self.pending_bytes.give_back(taken(&name));
        if !self.path.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(&name);
        if self.path.len() > MAX_PATH_BYTES {
            let path = self.path[..SHOWN_BYTES].to_vec();
            return Err(RootError::TooDeep { path });
        }
        Ok(Some(Step::Name(name)))
    }
}

fn taken(name: &[u8]) -> usize {
    name.len() + NAME_BYTES
}
