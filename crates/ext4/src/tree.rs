//! The entries of a disk under construction.
//!
//! In memory is only what finds an entry by its name: 16 bytes each, and about 8 of a hash table. Names, owners, times, link targets and attributes lie in a
//! [`Scratch`] file, one [`Record`] after the other in the order in which they came.

mod kind;
mod names;
mod record;

use std::io;

use crate::disk::block_range::BlockRange;
use crate::metadata::Metadata;
use crate::scratch::{Scratch, ScratchFile};
use names::Names;

pub(crate) use kind::Kind;
pub(crate) use record::{Content, FileData, RECORD_BYTES, Record};

/// Index of an entry, which it keeps for the life of the tree. A directory's is lower than that of everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(crate) const ROOT: Self = Self(0);
    /// The parent of an entry that has lost its name and lives on under others.
    const NOWHERE: Self = Self(u32::MAX);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn from_index(index: usize) -> Self {
        Self(index as u32)
    }
}

/// What stays in memory of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) parent: NodeId,
    /// Hash of parent and name while entries are added; the number of the inode once they are numbered.
    pub(crate) hash_or_inode: u32,
    /// Where its [`Record`] is, with the name behind it.
    at: u32,
    pub(crate) name_bytes: u8,
    pub(crate) kind: Kind,
    /// A directory that no entry describes, or a symbolic link that stands for a hard link to a file elsewhere.
    pub(crate) marked: bool,
}

impl Entry {
    /// Whether it still has its own name.
    pub(crate) fn is_named(self) -> bool {
        self.parent != NodeId::NOWHERE
    }
}

/// A name that was looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child {
    /// The entry of the name.
    pub(crate) entry: NodeId,
    /// What it names: the entry itself, or the one it is a hard link to.
    pub(crate) node: NodeId,
}

/// All entries; the first is the root directory.
#[derive(Debug)]
pub(crate) struct Tree {
    entries: Vec<Entry>,
    names: Names,
    pub(crate) scratch: Scratch,
    /// Runs of blocks that belonged to removed files.
    freed: Vec<BlockRange>,
    /// Whether a directory was removed whose entries still have their names ([`Tree::drop_orphans`]).
    orphans: bool,
}

impl Tree {
    pub(crate) fn new(scratch: Box<dyn ScratchFile>) -> io::Result<Self> {
        let mut tree = Self {
            entries: Vec::new(),
            names: Names::default(),
            scratch: Scratch::new(scratch),
            freed: Vec::new(),
            orphans: false,
        };
        let content = Content::Directory;
        let root = tree.add(NodeId::ROOT, b"", &Metadata::implied_directory(), content)?;
        tree.mark(root, true);
        Ok(tree)
    }

    /// Number of entries ever made; they stay in memory.
    pub(crate) fn made(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entry(&self, id: NodeId) -> Entry {
        self.entries[id.index()]
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn freed(&self) -> &[BlockRange] {
        &self.freed
    }

    pub(crate) fn free(&mut self, range: BlockRange) {
        if range.count > 0 {
            self.freed.push(range);
        }
    }

    pub(crate) fn is_directory(&self, id: NodeId) -> bool {
        self.entry(id).kind == Kind::Directory
    }

    /// Bytes that are or will be in the scratch file; [`Self::add`] cannot reach beyond 4 GiB.
    pub(crate) fn scratch_bytes(&self) -> u64 {
        self.scratch.end()
    }

    /// What the directory `parent` has under `name`.
    pub(crate) fn child(&mut self, parent: NodeId, name: &[u8]) -> io::Result<Option<Child>> {
        let hash = self.names.hash(parent.0, name);
        let mut probe = self.names.probe(hash);
        while let Some(index) = self.names.next(&mut probe) {
            let entry = self.entries[index as usize];
            let maybe = entry.parent == parent
                && entry.hash_or_inode == hash
                && usize::from(entry.name_bytes) == name.len()
                && index != 0;
            if maybe && self.has_name(entry, name)? {
                let id = NodeId(index);
                return Ok(Some(Child {
                    entry: id,
                    node: self.node_of(id)?,
                }));
            }
        }
        Ok(None)
    }

    fn has_name(&mut self, entry: Entry, name: &[u8]) -> io::Result<bool> {
        let mut found = [0; u8::MAX as usize];
        let found = &mut found[..name.len()];
        self.scratch.read(u64::from(entry.at) + RECORD_BYTES as u64, found)?;
        Ok(found == name)
    }

    /// What an entry names: itself, unless it is a hard link.
    pub(crate) fn node_of(&mut self, id: NodeId) -> io::Result<NodeId> {
        if self.entry(id).kind != Kind::HardLink {
            return Ok(id);
        }
        Ok(match self.record(id)?.content {
            Content::HardLink(target) => target,
            _ => id,
        })
    }

    /// Makes an entry; the directory must not have the name.
    pub(crate) fn add(
        &mut self,
        parent: NodeId,
        name: &[u8],
        metadata: &Metadata,
        content: Content,
    ) -> io::Result<NodeId> {
        let xattrs = record::encode_xattrs(&metadata.xattrs);
        let (tail, kind) = (content.tail().to_vec(), content.kind());
        let at = self.scratch.end();
        let mut record = Record::new(metadata, content);
        record.name_bytes = name.len() as u8;
        record.xattrs_at = at + (RECORD_BYTES + name.len() + tail.len()) as u64;
        record.xattrs_bytes = xattrs.len() as u32;
        self.scratch.append(&[&record.encode(), name, &tail, &xattrs])?;
        let id = NodeId(self.entries.len() as u32);
        let hash = self.names.hash(parent.0, name);
        self.entries.push(Entry {
            parent,
            hash_or_inode: hash,
            at: at as u32,
            name_bytes: name.len() as u8,
            kind,
            marked: false,
        });
        self.names.insert(hash, id.0, &self.entries);
        Ok(id)
    }

    /// Gives a node one more name, which is an entry of its own.
    pub(crate) fn link(&mut self, parent: NodeId, name: &[u8], node: NodeId) -> io::Result<()> {
        self.hold(node)?;
        self.add(parent, name, &Metadata::default(), Content::HardLink(node))?;
        Ok(())
    }

    /// Sets or takes away the mark of an entry.
    pub(crate) fn mark(&mut self, entry: NodeId, marked: bool) {
        self.entries[entry.index()].marked = marked;
    }

    /// Whether it is marked, see [`Self::mark`].
    pub(crate) fn is_marked(&self, entry: NodeId) -> bool {
        self.entry(entry).marked
    }

    /// Keeps a node that is no directory until [`Self::release`], even when it loses all its names.
    pub(crate) fn hold(&mut self, node: NodeId) -> io::Result<()> {
        self.change(node, |record| record.names += 1)
    }

    /// Ends [`Self::hold`], and removes the node if it has no name left.
    pub(crate) fn release(&mut self, node: NodeId) -> io::Result<()> {
        let mut record = self.record(node)?;
        record.names -= 1;
        if record.names > 0 {
            return self.scratch.write(u64::from(self.entry(node).at), &record.encode());
        }
        self.entries[node.index()].kind = Kind::Removed;
        if let Content::File(file) = record.content {
            self.free(file.range);
        }
        Ok(())
    }

    /// The record of an entry, with the target of a symbolic link.
    pub(crate) fn record(&mut self, id: NodeId) -> io::Result<Record> {
        let at = u64::from(self.entry(id).at);
        let mut bytes = [0; RECORD_BYTES];
        self.scratch.read(at, &mut bytes)?;
        let mut record = Record::decode(&bytes, self.entry(id).kind);
        let tail = record.content.tail_mut();
        if !tail.is_empty() {
            let tail_at = at + RECORD_BYTES as u64 + u64::from(record.name_bytes);
            self.scratch.read(tail_at, tail)?;
        }
        Ok(record)
    }

    /// Appends the name of an entry to `into`.
    pub(crate) fn read_name(&mut self, id: NodeId, into: &mut Vec<u8>) -> io::Result<()> {
        let entry = self.entry(id);
        let start = into.len();
        into.resize(start + usize::from(entry.name_bytes), 0);
        self.scratch
            .read(u64::from(entry.at) + RECORD_BYTES as u64, &mut into[start..])
    }

    /// Owner, mode, time and attributes of an entry.
    pub(crate) fn metadata(&mut self, record: &Record) -> io::Result<Metadata> {
        let mut bytes = vec![0; record.xattrs_bytes as usize];
        self.scratch.read(record.xattrs_at, &mut bytes)?;
        Ok(Metadata {
            xattrs: record::decode_xattrs(&bytes),
            ..record.metadata.clone()
        })
    }

    pub(crate) fn set_metadata(&mut self, id: NodeId, metadata: &Metadata) -> io::Result<()> {
        let xattrs = record::encode_xattrs(&metadata.xattrs);
        let at = self.scratch.append(&[&xattrs])?;
        self.change(id, |record| {
            record.metadata = Metadata {
                xattrs: Vec::new(),
                ..metadata.clone()
            };
            record.xattrs_at = at;
            record.xattrs_bytes = xattrs.len() as u32;
        })
    }

    /// Changes the fields of a record, but not the length of its tail.
    fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let mut record = self.record(id)?;
        change(&mut record);
        self.scratch.write(u64::from(self.entry(id).at), &record.encode())
    }

    /// Removes a name, and the node when it was its last name. The entries of a removed directory cannot be found any longer; [`Self::drop_orphans`] removes
    /// them.
    pub(crate) fn unlink(&mut self, id: NodeId) -> io::Result<()> {
        let kind = self.entry(id).kind;
        let entry = &mut self.entries[id.index()];
        entry.parent = NodeId::NOWHERE;
        match kind {
            Kind::Directory => {
                entry.kind = Kind::Removed;
                self.orphans = true;
                return Ok(());
            }
            Kind::Removed => return Ok(()),
            _ => {}
        }
        let node = self.node_of(id)?;
        if node != id {
            self.entries[id.index()].kind = Kind::Removed;
        }
        self.release(node)
    }

    /// Removes the entries of removed directories.
    pub(crate) fn drop_orphans(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.orphans) {
            return Ok(());
        }
        // A directory has a lower index than its entries, so one pass finds whole trees.
        for index in 1..self.entries.len() {
            let entry = self.entries[index];
            if entry.is_named() && self.entry(entry.parent).kind == Kind::Removed {
                self.unlink(NodeId::from_index(index))?;
            }
        }
        self.orphans = false;
        Ok(())
    }

    /// Numbers the inodes: the root gets `root`, every other node the next number from `first` on. Returns one past the last number. Entries cannot be looked
    /// up by name afterwards.
    pub(crate) fn number(&mut self, root: u32, first: u32) -> u32 {
        self.names = Names::default();
        let mut next = first;
        self.entries[0].hash_or_inode = root;
        for entry in self.entries.iter_mut().skip(1) {
            if !matches!(entry.kind, Kind::Removed | Kind::HardLink) {
                entry.hash_or_inode = next;
                next += 1;
            }
        }
        next
    }
}
