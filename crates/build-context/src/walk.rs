//! A selection entry by entry.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use container_tar::{Entry, EntryKind, Region, WriteError, Writer};
use rustix::fs::FileType;

use crate::content_error::ContentError;
use crate::cursor::Cursor;
use crate::directory::{Content, Directory};
use crate::found::{Detail, Found, Part};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// Hands out what was selected, in order. A file that is not as it was when it was selected ends it, so that what is copied is what the digest was made of.
#[derive(Debug)]
pub struct Walk<'a> {
    parts: &'a [Part],
    cursor: Cursor<'a>,
    /// The part, and the entry in it, that is next.
    next: (usize, usize),
    /// Files with several names that were handed out: what identifies them, with their first path. Links do not reach from one part into another, because these
    /// may be copied to different places.
    links: HashMap<(u64, u64), Vec<u8>>,
    /// The file that was handed out last, which has to be as it was still.
    open: Option<Open<'a>>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Open<'a> {
    content: Content,
    path: Vec<u8>,
    found: &'a Found,
}

/// One file or directory.
#[derive(Debug)]
pub struct Item<'a> {
    /// Which of [`Selection::selected`](crate::Selection::selected) it belongs to.
    pub selected: usize,
    /// What it is. The path is as [`SelectedKind`](crate::SelectedKind) says; a hard link's target is the path of an item before this one, of the same
    /// `selected`. Owner and group are 0. A caller changes path, target, owner, mode and time as its flags say, and leaves the rest alone.
    pub entry: Entry,
    content: Option<&'a mut Content>,
    path: &'a [u8],
    buffer: &'a mut [u8],
}

/// Why a walk ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// A file of the context.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The stream that is written to.
    #[error(transparent)]
    Tar(#[from] WriteError),
}

impl<'a> Walk<'a> {
    pub(crate) fn new(root: &'a dyn Directory, parts: &'a [Part]) -> Self {
        Self {
            parts,
            cursor: Cursor::new(root),
            next: (0, 0),
            links: HashMap::new(),
            open: None,
            buffer: vec![0; BUFFER_BYTES],
        }
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// [`ContentError`], also about the content of the item before.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, ContentError> {
        if let Some(open) = self.open.take() {
            check(&open.content, &open.path, open.found)?;
        }
        let (selected, part, found) = loop {
            let Some(part) = self.parts.get(self.next.0) else {
                return Ok(None);
            };
            match part.entries.get(self.next.1) {
                Some(found) => break (self.next.0, part, found),
                None => {
                    self.next = (self.next.0 + 1, 0);
                    self.links.clear();
                }
            }
        };
        self.next.1 += 1;
        let path = part.place(found);
        let (kind, xattrs) = match &found.detail {
            Detail::Directory { xattrs } => (EntryKind::Directory, xattrs.clone()),
            Detail::Symlink { target } => (EntryKind::Symlink { target: target.clone() }, Vec::new()),
            Detail::Special => (special(found), Vec::new()),
            Detail::File => {
                let refused = |error| ContentError::of(&path, error);
                let content = self.cursor.open(&path).map_err(refused)?;
                check(&content, &path, found)?;
                let kind = match self.link(found) {
                    Some(target) => EntryKind::HardLink { target },
                    None => EntryKind::File {
                        size_bytes: content.size_bytes,
                        regions: content.regions().map_err(refused)?,
                    },
                };
                // Of a link all is said with the file's first name.
                let xattrs = match kind {
                    EntryKind::HardLink { .. } => Vec::new(),
                    _ => content.xattrs.clone(),
                };
                self.open = Some(Open {
                    content,
                    path: path.clone(),
                    found,
                });
                (kind, xattrs)
            }
        };
        let (content, path) = match &mut self.open {
            Some(open) => (Some(&mut open.content), open.path.as_slice()),
            None => (None, b"".as_slice()),
        };
        Ok(Some(Item {
            selected,
            entry: Entry {
                path: found.path.clone(),
                kind,
                mode: found.mode(),
                uid: 0,
                gid: 0,
                modified: found.status.modified,
                xattrs,
            },
            content,
            path,
            buffer: &mut self.buffer,
        }))
    }

    /// The first path of a file that was handed out already, by another name.
    fn link(&mut self, found: &Found) -> Option<Vec<u8>> {
        if found.status.links < 2 {
            return None;
        }
        let first = self.links.get(&found.status.identity).cloned();
        if first.is_none() {
            self.links.insert(found.status.identity, found.path.clone());
        }
        first
    }
}

impl Item<'_> {
    /// Writes the entry, as it is now, with its content. Holes stay holes.
    ///
    /// # Errors
    /// [`WalkError`]
    pub fn write_to<W: Write>(&mut self, writer: &mut Writer<W>) -> Result<(), WalkError> {
        writer.begin(&self.entry)?;
        let EntryKind::File { size_bytes, regions } = &self.entry.kind else {
            return Ok(());
        };
        let Some(content) = &self.content else {
            return Ok(());
        };
        let whole = [Region {
            offset: 0,
            length: *size_bytes,
        }];
        for region in regions.as_deref().unwrap_or(&whole) {
            let mut at = region.offset;
            let end = region.offset + region.length;
            while at < end {
                let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(self.buffer.len());
                let read = content.read_at(&mut self.buffer[..wanted], at);
                match read.map_err(|error| ContentError::of(self.path, error))? {
                    0 => {
                        let path = self.path.to_vec();
                        return Err(ContentError::Changed { path }.into());
                    }
                    length => {
                        writer.content(&self.buffer[..length])?;
                        at += length as u64;
                    }
                }
            }
        }
        Ok(())
    }

    /// The content of a regular file from its start, holes as zeros, also where the file is a hard link here; nothing of anything else.
    pub fn content(&self) -> impl Read {
        ItemContent {
            content: self.content.as_deref(),
            position: 0,
        }
    }
}

/// Reads from the start, however often it is made.
struct ItemContent<'a> {
    content: Option<&'a Content>,
    position: u64,
}

impl Read for ItemContent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(content) = self.content else {
            return Ok(0);
        };
        let length = content.read_at(buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}

fn check(content: &Content, path: &[u8], found: &Found) -> Result<(), ContentError> {
    match content.is_still(&found.status) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ContentError::Changed { path: path.to_vec() }),
        Err(error) => Err(ContentError::of(path, error)),
    }
}

fn special(found: &Found) -> EntryKind {
    match found.status.kind {
        FileType::CharacterDevice => EntryKind::CharacterDevice(found.status.device),
        FileType::BlockDevice => EntryKind::BlockDevice(found.status.device),
        _ => EntryKind::Fifo,
    }
}
