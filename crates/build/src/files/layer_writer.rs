//! The tar of a layer, and the root that it comes on top of.

use std::collections::BTreeMap;
use std::io::Write;

use container_rootfs::{Entry, RootError, RootView, TarEntries};
use container_tar::{EntryKind, Timestamp, Writer};

use super::target::{absolute, joined};
use super::{FilesError, Owner, Target};
use crate::mode::Mode;

/// The permission bits of directories that are made on the way.
const NEW_DIRECTORY_MODE: u16 = 0o755;

/// What becomes of owner, mode and time of what is copied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dress {
    /// `--chown`; without it everything keeps its owner.
    pub(crate) owner: Option<Owner>,
    /// `--chmod`; links have no mode.
    pub(crate) mode: Option<Mode>,
    /// The time of everything that is copied; without it everything keeps its time.
    pub(crate) modified: Option<Timestamp>,
    /// The time of what is made anew.
    pub(crate) created: Timestamp,
}

impl Dress {
    /// Dresses an entry.
    pub(crate) fn put_on(&self, entry: &mut container_tar::Entry) {
        if let Some(owner) = self.owner {
            (entry.uid, entry.gid) = (owner.uid, owner.gid);
        }
        if let Some(mode) = &self.mode
            && !matches!(entry.kind, EntryKind::Symlink { .. })
        {
            entry.mode = mode.apply(entry.mode, entry.kind == EntryKind::Directory);
        }
        if let Some(modified) = self.modified {
            entry.modified = modified;
        }
    }

    /// A directory that is made on the way.
    fn new_directory(&self, path: Vec<u8>) -> container_tar::Entry {
        let owner = self.owner.unwrap_or_default();
        container_tar::Entry {
            path,
            kind: EntryKind::Directory,
            mode: NEW_DIRECTORY_MODE,
            uid: owner.uid,
            gid: owner.gid,
            modified: self.modified.unwrap_or(self.created),
            xattrs: Vec::new(),
        }
    }
}

/// What the layer has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// A directory that the root has as well.
    Directory,
    /// A directory that the root does not have: nothing in it is in the root.
    NewDirectory,
    Other,
}

/// Writes the tar of a layer.
pub(crate) struct LayerWriter<'a, W: Write> {
    root: Option<&'a RootView>,
    pub(crate) tar: Writer<W>,
    pub(crate) dress: Dress,
    made: BTreeMap<Vec<u8>, Made>,
}

impl<'a, W: Write> LayerWriter<'a, W> {
    /// A layer on top of `root`; on nothing without it.
    pub(crate) fn new(root: Option<&'a RootView>, output: W, dress: Dress) -> Self {
        Self {
            root,
            tar: Writer::new(output),
            dress,
            made: BTreeMap::new(),
        }
    }

    /// Ends the layer.
    pub(crate) fn finish(self) -> Result<W, FilesError> {
        Ok(self.tar.finish()?)
    }

    /// Makes a directory and those that lead to it, as far as they are missing; its path without symbolic links.
    pub(crate) fn directory(&mut self, path: &[u8]) -> Result<Vec<u8>, FilesError> {
        let target = self.target(path)?;
        if target.found.as_ref().is_some_and(|found| !found.is_directory()) {
            return Err(FilesError::NotADirectory {
                path: absolute(&target.path),
            });
        }
        self.lead_to(&target.path)?;
        Ok(target.path)
    }

    /// Where a file is to be that is copied as `name` to `destination`, which is a directory if it ends with a slash or is one already.
    pub(crate) fn file_target(&mut self, destination: &str, name: &[u8]) -> Result<Vec<u8>, FilesError> {
        let target = match destination.ends_with('/') {
            true => None,
            false => Some(self.target(destination.as_bytes())?),
        };
        match target {
            Some(target) if !self.is_directory(&target) => {
                let parent = target.path.iter().rposition(|byte| *byte == b'/');
                self.lead_to(&target.path[..parent.unwrap_or(0)])?;
                Ok(target.path)
            }
            _ => {
                let directory = self.directory(destination.as_bytes())?;
                Ok(joined(&directory, name))
            }
        }
    }

    /// Notes that something other than a directory comes to `path`.
    pub(crate) fn takes_file(&mut self, path: &[u8]) -> Result<(), FilesError> {
        let is_directory = match self.made.get(path) {
            Some(made) => *made != Made::Other,
            None => self.below(path)?.is_some_and(|found| found.is_directory()),
        };
        if is_directory {
            return Err(FilesError::IsADirectory { path: absolute(path) });
        }
        self.made.insert(path.to_vec(), Made::Other);
        Ok(())
    }

    /// Notes that a directory comes to `path`.
    pub(crate) fn takes_directory(&mut self, path: &[u8]) -> Result<(), FilesError> {
        let made = match self.made.get(path) {
            Some(Made::Other) => return Err(FilesError::NotADirectory { path: absolute(path) }),
            Some(made) => *made,
            None => match self.below(path)? {
                Some(found) if !found.is_directory() => return Err(FilesError::NotADirectory { path: absolute(path) }),
                Some(_) => Made::Directory,
                None => Made::NewDirectory,
            },
        };
        self.made.insert(path.to_vec(), made);
        Ok(())
    }

    /// As [`Self::takes_file`] and [`Self::takes_directory`], for what takes the place of whatever is there.
    pub(crate) fn replaces(&mut self, path: &[u8], is_directory: bool) -> Result<(), FilesError> {
        let made = match is_directory {
            false => Made::Other,
            true => match self.below(path)? {
                Some(found) if found.is_directory() => Made::Directory,
                _ => Made::NewDirectory,
            },
        };
        self.made.insert(path.to_vec(), made);
        Ok(())
    }

    /// Where a path leads to in the root with what the layer has so far. What this layer makes has no symbolic links on the way to what else it makes.
    fn target(&self, path: &[u8]) -> Result<Target, FilesError> {
        let names = path
            .split(|byte| *byte == b'/')
            .filter(|name| !matches!(*name, b"" | b"."));
        let plain = names.fold(Vec::new(), |path, name| joined(&path, name));
        match self.made.get(&plain) {
            Some(Made::NewDirectory | Made::Other) => Ok(Target {
                path: plain,
                found: None,
            }),
            _ => Target::resolve(self.root, path),
        }
    }

    fn is_directory(&self, target: &Target) -> bool {
        match self.made.get(&target.path) {
            Some(made) => *made != Made::Other,
            None => target.found.as_ref().is_some_and(Entry::is_directory),
        }
    }

    /// What the root has at a path without symbolic links.
    fn below(&self, path: &[u8]) -> Result<Option<Entry>, FilesError> {
        let parents = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let is_new = |(end, _)| self.made.get(&path[..end]) == Some(&Made::NewDirectory);
        let Some(root) = self.root.filter(|_| !parents.into_iter().any(is_new)) else {
            return Ok(None);
        };
        match root.stat(&absolute(path), false) {
            Ok(found) => Ok(Some(found)),
            Err(RootError::NotFound { .. } | RootError::NotADirectory { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the directories from the root to `path`, those that the root has as they are there.
    fn lead_to(&mut self, path: &[u8]) -> Result<(), FilesError> {
        if path.is_empty() {
            return Ok(());
        }
        let ends: Vec<usize> = path
            .iter()
            .enumerate()
            .filter_map(|(at, byte)| (*byte == b'/').then_some(at))
            .chain([path.len()])
            .collect();
        for end in ends {
            let directory = &path[..end];
            match self.made.get(directory) {
                Some(Made::Other) => {
                    return Err(FilesError::NotADirectory {
                        path: absolute(directory),
                    });
                }
                Some(_) => continue,
                None => {}
            }
            let made = match (self.below(directory)?, self.root) {
                (Some(found), Some(root)) => {
                    TarEntries::new(root, &mut self.tar).add(directory, &found)?;
                    Made::Directory
                }
                _ => {
                    self.tar.begin(&self.dress.new_directory(directory.to_vec()))?;
                    Made::NewDirectory
                }
            };
            self.made.insert(directory.to_vec(), made);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
