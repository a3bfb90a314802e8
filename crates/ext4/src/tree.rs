//! The entries of a disk under construction, in memory until the disk is finished.

use std::collections::BTreeMap;

use crate::disk::directory::FileType;
use crate::disk::inode::mode;
use crate::metadata::{DeviceNumber, Metadata};
use crate::sink::BlockRange;

/// Index of a node; nodes keep theirs for the life of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(crate) const ROOT: Self = Self(0);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What one inode will hold.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) metadata: Metadata,
    /// Names of this node; those of a directory are not counted.
    pub(crate) names: u32,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Directory(Directory),
    File(FileData),
    Symlink(Box<[u8]>),
    CharacterDevice(DeviceNumber),
    BlockDevice(DeviceNumber),
    Fifo,
    Socket,
    /// Nothing names this node any more.
    Removed,
}

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) parent: NodeId,
    pub(crate) children: BTreeMap<Box<[u8]>, Child>,
}

/// A name in a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child {
    pub(crate) node: NodeId,
    /// The layer that put it there last.
    pub(crate) layer: u32,
}

/// Content of a regular file. Its blocks and those of its extent tree are one run.
#[derive(Debug, Clone)]
pub(crate) struct FileData {
    pub(crate) size_bytes: u64,
    pub(crate) range: BlockRange,
    /// The "i_block", where the file is not simply the run without holes.
    pub(crate) map: Option<Box<[u8; 60]>>,
}

impl Content {
    pub(crate) fn file_type(&self) -> FileType {
        match self {
            Self::Directory(_) => FileType::Directory,
            Self::File(_) | Self::Removed => FileType::Regular,
            Self::Symlink(_) => FileType::Symlink,
            Self::CharacterDevice(_) => FileType::Character,
            Self::BlockDevice(_) => FileType::Block,
            Self::Fifo => FileType::Fifo,
            Self::Socket => FileType::Socket,
        }
    }

    /// The file type bits of the mode.
    pub(crate) fn mode_bits(&self) -> u16 {
        match self {
            Self::Directory(_) => mode::DIRECTORY,
            Self::File(_) | Self::Removed => mode::REGULAR,
            Self::Symlink(_) => mode::SYMLINK,
            Self::CharacterDevice(_) => mode::CHARACTER,
            Self::BlockDevice(_) => mode::BLOCK,
            Self::Fifo => mode::FIFO,
            Self::Socket => mode::SOCKET,
        }
    }
}

/// All nodes; the first is the root directory.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    live: u32,
    /// Runs of blocks that belonged to removed files.
    freed: Vec<BlockRange>,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let root = Directory {
            parent: NodeId::ROOT,
            children: BTreeMap::new(),
        };
        let root = Node {
            metadata: Metadata::implied_directory(),
            names: 1,
            content: Content::Directory(root),
        };
        Self {
            nodes: vec![root],
            live: 1,
            freed: Vec::new(),
        }
    }

    /// Number of nodes that something names.
    pub(crate) fn live(&self) -> u32 {
        self.live
    }

    /// Number of nodes ever made; they stay in memory.
    pub(crate) fn made(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn freed(&self) -> &[BlockRange] {
        &self.freed
    }

    pub(crate) fn free(&mut self, range: BlockRange) {
        if range.count > 0 {
            self.freed.push(range);
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    /// The directory `id`, if it is one.
    pub(crate) fn directory(&self, id: NodeId) -> Option<&Directory> {
        match &self.node(id).content {
            Content::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    fn directory_mut(&mut self, id: NodeId) -> Option<&mut Directory> {
        match &mut self.node_mut(id).content {
            Content::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    pub(crate) fn child(&self, directory: NodeId, name: &[u8]) -> Option<Child> {
        self.directory(directory)?.children.get(name).copied()
    }

    /// Makes a node and names it; whatever had the name before must be gone.
    pub(crate) fn add(
        &mut self,
        parent: NodeId,
        name: &[u8],
        layer: u32,
        metadata: Metadata,
        content: Content,
    ) -> NodeId {
        let node = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node {
            metadata,
            names: 0,
            content,
        });
        self.live += 1;
        self.link(parent, name, Child { node, layer });
        node
    }

    /// Gives a node one more name.
    pub(crate) fn link(&mut self, parent: NodeId, name: &[u8], child: Child) {
        if let Some(directory) = self.directory_mut(parent) {
            directory.children.insert(name.into(), child);
            self.node_mut(child.node).names += 1;
        }
    }

    /// Notes that `layer` has put the name `name` there.
    pub(crate) fn touch(&mut self, parent: NodeId, name: &[u8], layer: u32) {
        if let Some(child) = self
            .directory_mut(parent)
            .and_then(|directory| directory.children.get_mut(name))
        {
            child.layer = layer;
        }
    }

    /// Takes a name away; the node goes with its last name, a directory with all it holds.
    pub(crate) fn unlink(&mut self, parent: NodeId, name: &[u8]) {
        let Some(child) = self
            .directory_mut(parent)
            .and_then(|directory| directory.children.remove(name))
        else {
            return;
        };
        // A list instead of recursion: trees from outside may be deep.
        let mut unnamed = vec![child.node];
        while let Some(id) = unnamed.pop() {
            let node = self.node_mut(id);
            node.names -= 1;
            if node.names > 0 {
                continue;
            }
            let content = std::mem::replace(&mut node.content, Content::Removed);
            node.metadata.xattrs = Vec::new();
            self.live -= 1;
            match content {
                Content::Directory(directory) => {
                    unnamed.extend(directory.children.into_values().map(|child| child.node));
                }
                Content::File(file) => self.free(file.range),
                _ => {}
            }
        }
    }
}
