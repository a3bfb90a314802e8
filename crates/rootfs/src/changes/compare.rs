//! One name of the upper directory compared with the image.

use super::ChangeKind;
use crate::entry::{Entry, Part, Place};
use crate::error::RootError;
use crate::view::RootView;

/// What a name of the upper directory is to the image.
pub(super) enum Below {
    /// A whiteout of what is not there.
    Nothing,
    /// Something that is not a directory.
    Differs(ChangeKind),
    /// A directory, that of the image that it covers, and what is known already.
    Directory {
        part: Part,
        parts: Vec<Part>,
        kind: Option<ChangeKind>,
    },
}

impl RootView {
    /// Compares what is called `name` in the directory `upper` with what the image has in its place.
    pub(super) fn compare(&self, upper: Part, name: &[u8], below: Option<&Entry>) -> Result<Below, RootError> {
        let deleted = || match below {
            Some(_) => Below::Differs(ChangeKind::Deleted),
            None => Below::Nothing,
        };
        let Some(inode) = self.disks.listing(upper.place)?.find(name) else {
            return Ok(deleted());
        };
        let place = Place { inode, ..upper.place };
        let node = self.disks.node(place)?;
        if self.disks.is_whiteout(upper, place, &node)? {
            return Ok(deleted());
        }
        let marks = self.disks.marks(place, &node)?;
        let entry = Entry {
            node,
            place,
            parts: Vec::new(),
            adopted: None,
        };
        let Some(below) = below else {
            return Ok(match entry.is_directory() {
                true => Below::Directory {
                    part: part(place, marks.has_marked_whiteouts),
                    parts: Vec::new(),
                    kind: Some(ChangeKind::Added),
                },
                false => Below::Differs(ChangeKind::Added),
            });
        };
        if !entry.is_directory() {
            return Ok(Below::Differs(ChangeKind::Modified));
        }
        let is_same = below.is_directory() && !marks.is_opaque && self.is_same_directory(&entry, below)?;
        Ok(Below::Directory {
            part: part(place, marks.has_marked_whiteouts),
            parts: below.parts.clone(),
            kind: (!is_same).then_some(ChangeKind::Modified),
        })
    }

    fn is_same_directory(&self, one: &Entry, other: &Entry) -> Result<bool, RootError> {
        let facts = |entry: &Entry| (entry.mode(), entry.uid(), entry.gid(), entry.modified());
        Ok(facts(one) == facts(other) && self.xattrs(one)? == self.xattrs(other)?)
    }

    /// Names that an opaque directory hides: those in the image that it has no entries for.
    pub(super) fn hidden_by(&self, upper: Part, below: &[Part]) -> Result<Vec<Vec<u8>>, RootError> {
        let node = self.disks.node(upper.place)?;
        if below.is_empty() || !self.disks.marks(upper.place, &node)?.is_opaque {
            return Ok(Vec::new());
        }
        let own = self.disks.listing(upper.place)?;
        let names = self.disks.names(below)?.into_iter();
        Ok(names.filter(|name| own.find(name).is_none()).collect())
    }
}

fn part(place: Place, has_marked_whiteouts: bool) -> Part {
    Part {
        place,
        has_marked_whiteouts,
    }
}
