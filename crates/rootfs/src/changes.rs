//! What a container has changed in its root: the upper directory compared with what is below it.

mod compare;

use crate::budget::Budget;
use crate::entry::Part;
use crate::error::RootError;
use crate::path::absolute;
use crate::view::RootView;
use crate::walk::{Step, Walk};
use compare::Below;

/// All changes together.
const MAX_CHANGES_BYTES: usize = 512 << 20;

/// What happened to a path, as `docker diff` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It is there and in another form in the image; or a directory in which something changed.
    Modified,
    /// It is not in the image.
    Added,
    /// It is in the image only.
    Deleted,
}

impl ChangeKind {
    /// The letter that stands for it: `C`, `A`, `D`.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Modified => 'C',
            Self::Added => 'A',
            Self::Deleted => 'D',
        }
    }
}

/// A path that differs from the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The absolute path.
    pub path: Vec<u8>,
}

/// A directory of the upper one that is being compared.
struct Compared {
    upper: Part,
    /// The directories of the image that it covers; empty where it covers none.
    below: Vec<Part>,
    /// Where the changes in it start.
    first_change: usize,
    /// What is known of itself.
    own: Option<ChangeKind>,
}

/// The changes that are known.
struct Changes {
    found: Vec<Change>,
    budget: Budget,
}

impl RootView {
    /// What the container has changed, in the order of the paths' bytes. What is in volumes is not part of it, the root itself is never named.
    ///
    /// A directory is named when it is new, when owner, mode, time or attributes of it differ, or when anything in it is named. Memory is taken for each change.
    ///
    /// # Errors
    /// [`RootError::TooDeep`], [`RootError::TooMuch`], or any about a disk.
    pub fn changes(&self) -> Result<Vec<Change>, RootError> {
        let mut changes = Changes::new();
        let mut walk = Walk::new();
        if let Some(upper) = self.upper() {
            let root = Compared {
                upper,
                below: self.lower().to_vec(),
                first_change: 0,
                own: None,
            };
            self.compare_in(&mut walk, root)?;
        }
        while let Some(step) = walk.next()? {
            let name = match step {
                Step::Name(name) => name,
                Step::Left(directory) => {
                    changes.close(&directory, walk.path())?;
                    continue;
                }
            };
            let Some(directory) = walk.directory() else {
                continue;
            };
            let below = self.disks.lookup(&directory.below, &name)?;
            match self.compare(directory.upper, &name, below.as_ref())? {
                Below::Nothing => {}
                Below::Differs(kind) => changes.add(kind, walk.path())?,
                Below::Directory { part, parts, kind } => {
                    let directory = Compared {
                        upper: part,
                        below: parts,
                        first_change: changes.found.len(),
                        own: kind,
                    };
                    self.compare_in(&mut walk, directory)?;
                }
            }
        }
        changes.found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes.found)
    }

    /// Goes on in a directory.
    fn compare_in(&self, walk: &mut Walk<Compared>, directory: Compared) -> Result<(), RootError> {
        let mut names = self.disks.names(&[directory.upper])?;
        names.extend(self.hidden_by(directory.upper, &directory.below)?);
        walk.enter(&self.disks, directory.upper.place, directory, names)
    }
}

impl Changes {
    fn new() -> Self {
        Self {
            found: Vec::new(),
            budget: Budget::new("bytes of paths that differ from the image", MAX_CHANGES_BYTES),
        }
    }

    fn add(&mut self, kind: ChangeKind, path: &[u8]) -> Result<(), RootError> {
        self.budget.take(path.len() + size_of::<Change>())?;
        let path = absolute(&[path]);
        self.found.push(Change { kind, path });
        Ok(())
    }

    /// Names a directory that was gone through, where it has to be. The root has no name.
    fn close(&mut self, directory: &Compared, path: &[u8]) -> Result<(), RootError> {
        let has_changes = self.found.len() > directory.first_change;
        let kind = directory.own.or(has_changes.then_some(ChangeKind::Modified));
        match kind.filter(|_| !path.is_empty()) {
            Some(kind) => self.add(kind, path),
            None => Ok(()),
        }
    }
}
