//! From a stream to the entries of a tar.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufWriter, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use container_durable::scratch_file;
use container_tar::{Entry, EntryKind, Reader, Region, Timestamp};

use super::error::TarError;
use super::limits::TarLimits;
use super::nodes::{Archive, ArchiveDirectory, Node, NodeKind, NodeNumber, ROOT};
use crate::compression::{LimitReached, Limited, decoded};
use crate::path::names_from_root;

/// What an entry takes of memory besides its names and attributes, roughly.
const ENTRY_BYTES: u64 = 256;

/// The most that is read behind the end of a tar: archives are filled up with zeros to some round size.
const PADDING_BYTES: u64 = 64 << 20;

/// Reads a tar to its end; its files, and the newest time of an entry.
pub(crate) fn read(
    stream: impl Read,
    scratch: &Path,
    limits: &TarLimits,
) -> Result<(ArchiveDirectory, Option<Timestamp>), TarError> {
    let scratch = scratch_file(scratch).map_err(TarError::Scratch)?;
    let stream = decoded(stream).map_err(TarError::Read)?;
    let stream = Limited::new(stream, limits.uncompressed_bytes);
    let mut building = Building {
        nodes: vec![Node::implied_directory()],
        scratch: BufWriter::with_capacity(256 << 10, scratch),
        written_bytes: 0,
        logical_bytes: 0,
        retained_bytes: 0,
        newest: None,
        limits,
    };
    let mut reader = Reader::new(stream);
    while let Some(entry) = reader.next_entry().map_err(|error| read_error(error, limits))? {
        building.add(entry, &mut reader)?;
    }
    // Who writes into a pipe should not find it closed, unless it never stops. What is behind the end of a tar means nothing, errors included.
    let _ = io::copy(&mut reader.into_inner().take(PADDING_BYTES), &mut io::sink());
    let scratch = building
        .scratch
        .into_inner()
        .map_err(|error| TarError::Scratch(error.into_error()))?;
    let root = ArchiveDirectory::root(Archive {
        nodes: building.nodes,
        scratch: Arc::new(scratch),
    });
    Ok((root, building.newest))
}

/// A tar of which a part has been read.
struct Building<'a> {
    nodes: Vec<Node>,
    scratch: BufWriter<std::fs::File>,
    written_bytes: u64,
    /// Sizes of files, holes included.
    logical_bytes: u64,
    retained_bytes: u64,
    newest: Option<Timestamp>,
    limits: &'a TarLimits,
}

impl Building<'_> {
    fn add<R: BufRead>(&mut self, entry: Entry, reader: &mut Reader<R>) -> Result<(), TarError> {
        self.retain_entry(&entry)?;
        self.newest = self.newest.max(Some(entry.modified));
        let names = inside(&entry.path)?;
        let Some((name, parents)) = names.split_last() else {
            // Of the root only a directory's entry can speak.
            if entry.kind == EntryKind::Directory {
                self.describe(ROOT, &entry);
            }
            return Ok(());
        };
        let parent = self.directory(parents)?;
        let old = self.child(parent, name);
        let kind = match &entry.kind {
            EntryKind::Directory => match old {
                Some(old) if self.is_directory(old) => {
                    self.describe(old, &entry);
                    return Ok(());
                }
                _ => NodeKind::Directory(BTreeMap::new()),
            },
            EntryKind::HardLink { target } => return self.link(parent, name, target, &entry),
            EntryKind::File { size_bytes, regions } => self.file(*size_bytes, regions.as_deref(), reader)?,
            EntryKind::Symlink { target } => NodeKind::Symlink(target.clone()),
            EntryKind::CharacterDevice(device) => NodeKind::CharacterDevice(*device),
            EntryKind::BlockDevice(device) => NodeKind::BlockDevice(*device),
            EntryKind::Fifo => NodeKind::Fifo,
        };
        let number = self.nodes.len();
        self.nodes.push(Node {
            kind,
            ..Node::implied_directory()
        });
        self.describe(number, &entry);
        self.name(parent, name, number);
        Ok(())
    }

    /// Counts what an entry takes of memory.
    fn retain_entry(&mut self, entry: &Entry) -> Result<(), TarError> {
        let target = match &entry.kind {
            EntryKind::HardLink { target } | EntryKind::Symlink { target } => target.len(),
            EntryKind::File {
                regions: Some(regions), ..
            } => size_of_val(regions.as_slice()) * 2,
            _ => 0,
        };
        let xattrs: usize = entry.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.retain((entry.path.len() + target + xattrs) as u64 + ENTRY_BYTES)
    }

    fn retain(&mut self, bytes: u64) -> Result<(), TarError> {
        self.retained_bytes += bytes;
        if self.retained_bytes > self.limits.retained_bytes {
            return Err(too_large("bytes of names and attributes", self.limits.retained_bytes));
        }
        // The root is no entry.
        if self.nodes.len() > self.limits.entries {
            return Err(too_large("entries", self.limits.entries as u64));
        }
        Ok(())
    }

    /// The directory of these names, made where it is missing.
    fn directory(&mut self, names: &[Vec<u8>]) -> Result<NodeNumber, TarError> {
        let mut number = ROOT;
        for (at, name) in names.iter().enumerate() {
            number = match self.child(number, name) {
                Some(child) if self.is_directory(child) => child,
                Some(_) => {
                    return Err(TarError::NotADirectory {
                        path: names[..=at].join(&b'/'),
                    });
                }
                None => {
                    self.retain(name.len() as u64 + ENTRY_BYTES)?;
                    let child = self.nodes.len();
                    self.nodes.push(Node::implied_directory());
                    self.name(number, name, child);
                    child
                }
            };
        }
        Ok(number)
    }

    /// Copies a file's content.
    fn file<R: BufRead>(
        &mut self,
        size_bytes: u64,
        regions: Option<&[Region]>,
        reader: &mut Reader<R>,
    ) -> Result<NodeKind, TarError> {
        self.logical_bytes = self.logical_bytes.saturating_add(size_bytes);
        if self.logical_bytes > self.limits.uncompressed_bytes {
            return Err(too_large("bytes", self.limits.uncompressed_bytes));
        }
        let whole = [Region {
            offset: 0,
            length: size_bytes,
        }];
        let mut at = self.written_bytes;
        let parts = regions
            .unwrap_or(&whole)
            .iter()
            .filter(|region| region.length > 0)
            .map(|region| {
                let part = (*region, at);
                at += region.length;
                part
            });
        let parts = parts.collect();
        loop {
            let content = reader.content().map_err(|error| read_error(error, self.limits))?;
            let length = content.len();
            if length == 0 {
                break;
            }
            self.scratch.write_all(content).map_err(TarError::Scratch)?;
            reader.consume(length);
            self.written_bytes += length as u64;
        }
        Ok(NodeKind::File { size_bytes, parts })
    }

    /// Gives a file that is there already another name.
    fn link(&mut self, parent: NodeNumber, name: &[u8], target: &[u8], entry: &Entry) -> Result<(), TarError> {
        let mut found = Some(ROOT);
        for name in inside(target)? {
            found = found.and_then(|number| self.child(number, &name));
        }
        let Some(found) = found.filter(|number| !self.is_directory(*number)) else {
            return Err(TarError::HardLink {
                path: entry.path.clone(),
                target: target.to_vec(),
            });
        };
        self.nodes[found].links += 1;
        self.name(parent, name, found);
        Ok(())
    }

    /// Takes over what an entry says of any kind of file.
    fn describe(&mut self, number: NodeNumber, entry: &Entry) {
        let node = &mut self.nodes[number];
        node.mode = entry.mode;
        node.modified = entry.modified;
        node.xattrs.clone_from(&entry.xattrs);
        node.xattrs.sort();
    }

    /// Puts a node where another one may be.
    fn name(&mut self, parent: NodeNumber, name: &[u8], number: NodeNumber) {
        let NodeKind::Directory(children) = &mut self.nodes[parent].kind else {
            return;
        };
        if let Some(replaced) = children.insert(name.to_vec(), number) {
            self.nodes[replaced].links -= 1;
        }
    }

    fn child(&self, number: NodeNumber, name: &[u8]) -> Option<NodeNumber> {
        match &self.nodes[number].kind {
            NodeKind::Directory(children) => children.get(name).copied(),
            _ => None,
        }
    }

    fn is_directory(&self, number: NodeNumber) -> bool {
        matches!(self.nodes[number].kind, NodeKind::Directory(_))
    }
}

/// The names of a path that stays inside of the root. A leading slash means nothing, as for every tar program.
fn inside(path: &[u8]) -> Result<Vec<Vec<u8>>, TarError> {
    let mut depth = 0_usize;
    for name in path.split(|byte| *byte == b'/') {
        depth = match name {
            b"" | b"." => depth,
            b".." => depth
                .checked_sub(1)
                .ok_or_else(|| TarError::Outside { path: path.to_vec() })?,
            _ => depth + 1,
        };
    }
    Ok(names_from_root(path))
}

fn too_large(what: &'static str, limit: u64) -> TarError {
    TarError::TooLarge { what, limit }
}

fn read_error(error: container_tar::ReadError, limits: &TarLimits) -> TarError {
    match error {
        container_tar::ReadError::Io(source) if source.get_ref().is_some_and(|cause| cause.is::<LimitReached>()) => {
            too_large("bytes", limits.uncompressed_bytes)
        }
        container_tar::ReadError::Io(source) => TarError::Read(source),
        error => TarError::Tar(error),
    }
}

#[cfg(test)]
mod tests;
