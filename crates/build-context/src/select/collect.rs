//! What is in a directory that is copied.

use std::io;
use std::vec;

use container_tree::Status;
use rustix::fs::FileType;

use super::error::SelectError;
use crate::directory::{Directory, is_other_kind, seen, sorted_names};
use crate::found::{Detail, Found};
use crate::ignore::Ignore;
use crate::path::{check_length, join};
use crate::pattern::{Hits, PatternList};
use crate::presence::{enter_ignored, is_anything_present};

/// What of a directory is wanted.
pub(super) struct Filters<'a> {
    /// What is not there. A directory that is ignored is there if something in it is not.
    pub(super) ignore: &'a Ignore,
    /// What is there and not copied.
    pub(super) exclude: &'a PatternList,
    /// What alone is copied, with the directories on the way to it.
    pub(super) include: Option<&'a PatternList>,
}

/// Lists what is below a directory, each directory before what is in it.
pub(super) fn collect(
    root: &dyn Directory,
    path: &[u8],
    ignored: &Hits,
    filters: &Filters<'_>,
) -> Result<Vec<Found>, SelectError> {
    let names = sorted_names(root).map_err(|source| SelectError::Read {
        path: path.to_vec(),
        source,
    })?;
    let mut walk = Walk {
        root,
        base: path,
        filters,
        levels: vec![Level {
            directory: None,
            names: names.into_iter(),
            path: Vec::new(),
            says: Says {
                ignored: ignored.clone(),
                ..Says::default()
            },
            is_present: true,
            is_wanted: false,
            found: None,
        }],
        found: Vec::new(),
    };
    while let Some(level) = walk.levels.last_mut() {
        match level.names.next() {
            Some(name) => walk.look_at(&name)?,
            None => {
                walk.levels.pop();
            }
        }
    }
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a dyn Directory,
    /// Where that is, from the context's root.
    base: &'a [u8],
    filters: &'a Filters<'a>,
    /// The directories on the way to where the walk is.
    levels: Vec<Level>,
    found: Vec<Found>,
}

/// A directory that is being read.
struct Level {
    /// Nothing for the root of the walk.
    directory: Option<Box<dyn Directory>>,
    names: vec::IntoIter<Vec<u8>>,
    /// From the root of the walk.
    path: Vec<u8>,
    says: Says,
    /// It is not ignored, or something was found in it that is not.
    is_present: bool,
    /// It is copied if it is present.
    is_wanted: bool,
    /// Its own entry, as long as it is not copied.
    found: Option<Found>,
}

/// What all patterns say of a file.
#[derive(Default)]
struct Says {
    ignored: Hits,
    excluded: Hits,
    included: Hits,
}

impl Walk<'_> {
    /// Looks at a name in the innermost directory.
    fn look_at(&mut self, name: &[u8]) -> Result<(), SelectError> {
        let Some(level) = self.levels.last() else {
            return Ok(());
        };
        let path = join(&level.path, name);
        let from_root = join(self.base, &path);
        let read_error = |source| SelectError::Read {
            path: from_root.clone(),
            source,
        };
        check_length(&from_root).map_err(read_error)?;
        let says = self.filters.say(&level.says, &from_root, &path);
        let is_present = !says.ignored.is_matched;
        let is_hopeless = !is_present && !self.filters.ignore.may_bring_back_below(&says.ignored, &from_root);
        if is_hopeless {
            return Ok(());
        }
        let directory = level.directory.as_deref().unwrap_or(self.root);
        let Some(status) = seen(directory, name).map_err(read_error)? else {
            return Ok(());
        };
        if status.kind == FileType::Directory {
            return self.enter(name, path, says, status);
        }
        if !is_present {
            return Ok(());
        }
        let is_wanted = self.filters.want(&says);
        let detail = match is_wanted {
            true => detail(directory, name, &status),
            false => Ok(Detail::Special),
        };
        self.see();
        match detail {
            // It vanished after it was listed.
            Err(error) if is_other_kind(&error) => {}
            detail => {
                let detail = detail.map_err(read_error)?;
                if is_wanted {
                    self.settle(self.levels.len());
                    self.found.push(Found { path, status, detail });
                }
            }
        }
        Ok(())
    }

    /// Goes into a directory, where something in it may be wanted.
    fn enter(&mut self, name: &[u8], path: Vec<u8>, says: Says, status: Status) -> Result<(), SelectError> {
        let from_root = join(self.base, &path);
        let read_error = |source| SelectError::Read {
            path: from_root.clone(),
            source,
        };
        let is_present = !says.ignored.is_matched;
        let is_parent_present = self.levels.last().is_none_or(|level| level.is_present);
        let may_be_wanted = self.filters.may_want_below(&says, &path);
        if is_present && !may_be_wanted {
            self.see();
        }
        // What is not wanted may still be what makes the directories around it visible.
        if !may_be_wanted && (is_present || is_parent_present) {
            return Ok(());
        }
        let parent = self.levels.last().and_then(|level| level.directory.as_deref());
        let directory = parent.unwrap_or(self.root);
        let entered = match is_present {
            true => match directory.enter(name) {
                Err(error) if is_other_kind(&error) => None,
                entered => Some(entered.map_err(read_error)?),
            },
            false => enter_ignored(directory, name).map_err(read_error)?,
        };
        let Some(entered) = entered else {
            return Ok(());
        };
        if !may_be_wanted {
            let is_seen = is_anything_present(&*entered, &from_root, &says.ignored, self.filters.ignore);
            if is_seen.map_err(|(path, source)| SelectError::Read { path, source })? {
                self.see();
            }
            return Ok(());
        }
        let names = match sorted_names(&*entered) {
            Err(error) if !is_present && error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            names => names.map_err(read_error)?,
        };
        if is_present {
            self.see();
        }
        let is_wanted = self.filters.want(&says);
        let detail = Detail::Directory {
            xattrs: entered.xattrs(),
        };
        self.levels.push(Level {
            directory: Some(entered),
            names: names.into_iter(),
            found: Some(Found {
                path: path.clone(),
                status,
                detail,
            }),
            path,
            says,
            is_present,
            is_wanted,
        });
        if is_present && is_wanted {
            self.settle(self.levels.len());
        }
        Ok(())
    }

    /// Something was found that is not ignored: the directories around it are there, and are copied if they are wanted.
    fn see(&mut self) {
        let unseen = self.levels.iter().rposition(|level| level.is_present);
        for at in unseen.map_or(0, |last| last + 1)..self.levels.len() {
            self.levels[at].is_present = true;
            if self.levels[at].is_wanted {
                self.settle(at + 1);
            }
        }
    }

    /// Something in the innermost of the first `depth` directories is copied: so are they.
    fn settle(&mut self, depth: usize) {
        let levels = &mut self.levels[..depth];
        // With one, all around it are copied.
        let pending = levels
            .iter()
            .rposition(|level| level.found.is_none())
            .map_or(0, |last| last + 1);
        self.found
            .extend(levels[pending..].iter_mut().filter_map(|level| level.found.take()));
    }
}

impl Filters<'_> {
    fn say(&self, parent: &Says, from_root: &[u8], path: &[u8]) -> Says {
        let hits = |patterns: &PatternList, parent: &Hits| match patterns.is_empty() {
            true => Hits::default(),
            false => patterns.hits(parent, path),
        };
        Says {
            ignored: self.ignore.hits(&parent.ignored, from_root),
            excluded: hits(self.exclude, &parent.excluded),
            included: self
                .include
                .map(|include| hits(include, &parent.included))
                .unwrap_or_default(),
        }
    }

    fn want(&self, says: &Says) -> bool {
        !says.excluded.is_matched && (self.include.is_none() || says.included.is_matched)
    }

    /// Whether a directory, or something in it, may be wanted.
    fn may_want_below(&self, says: &Says, path: &[u8]) -> bool {
        let may_be_free = !says.excluded.is_matched || self.exclude.may_differ_below(&says.excluded, path);
        let may_be_named = self
            .include
            .is_none_or(|include| says.included.is_matched || include.may_differ_below(&says.included, path));
        may_be_free && may_be_named
    }
}

fn detail(directory: &dyn Directory, name: &[u8], status: &Status) -> io::Result<Detail> {
    Ok(match status.kind {
        FileType::RegularFile => Detail::File,
        FileType::Symlink => Detail::Symlink {
            target: directory.read_link(name)?,
        },
        _ => Detail::Special,
    })
}
