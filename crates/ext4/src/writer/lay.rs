//! Laying the disk of a layer over what is there already.
//!
//! The rules are those of a stack of layers, so that the result is what the disks would show when they are stacked:
//!
//! 1. What the layer hides is removed first, from the tree as the lower layers left it: the names of its whiteouts (character devices 0/0), and what is in its
//!    opaque directories (`trusted.overlay.opaque`).
//! 2. The layer's entries are added then, those of a directory in the order of the bytes of their names. A directory over a directory keeps the entries of the lower
//!    one and replaces its metadata; every other entry replaces the lower one of its name.
//! 3. A directory that the layer does not describe leaves the metadata of a lower directory as it is. Over a symbolic link, its entries go to the directory that
//!    the link leads to. Over anything else it replaces the lower entry.
//! 4. A hard link to a file that is not in the layer becomes one to the file of that path in the lower layers.

use std::collections::HashMap;
use std::io::{Seek, Write};

use super::Writer;
use super::frames::Frames;
use super::hide::Hidden;
use super::resolve::Missing;
use crate::error::{ReadError, WriteError};
use crate::metadata::{DeviceNumber, Metadata};
use crate::reader::{Node, NodeKind, Piece, Reader};
use crate::tree::{Content, Kind, NodeId};

/// The attribute with which overlayfs marks an opaque directory.
const OPAQUE_XATTR: &[u8] = b"trusted.overlay.opaque";
/// The device number of overlayfs's whiteouts.
const WHITEOUT: DeviceNumber = DeviceNumber { major: 0, minor: 0 };

/// The nodes that the layer's inodes have become.
#[derive(Default)]
pub(super) struct Laid {
    /// Whether the marks of overlayfs stay.
    pub(super) keeps_marks: bool,
    /// Of inodes with several names.
    pub(super) several_names: HashMap<u32, NodeId>,
    /// What hard links of the layer to files elsewhere lead to, by the inode that stands for them.
    pub(super) elsewhere: HashMap<u32, NodeId>,
}

impl<W: Write + Seek> Writer<W> {
    /// Lays the disk of a layer over what is on this one.
    ///
    /// # Errors
    /// [`WriteError::Layer`] when it cannot be read, [`WriteError::LinkTargetMissing`] and [`WriteError::LinkToDirectory`] about a hard link to a lower layer, or
    /// any about a limit.
    pub fn lay(&mut self, layer: &Reader) -> Result<(), WriteError> {
        let (hidden, elsewhere) = self.look_below(layer)?;
        for node in elsewhere.values() {
            self.tree.hold(*node)?;
        }
        self.hide(&hidden)?;
        let mut laid = Laid {
            elsewhere,
            ..Laid::default()
        };
        self.lay_entries(layer, &mut laid)?;
        for node in laid.elsewhere.values() {
            self.tree.release(*node)?;
        }
        self.last_parent = None;
        Ok(())
    }

    /// What the layer hides, and what its hard links to other layers lead to.
    fn look_below(&mut self, layer: &Reader) -> Result<(Vec<Hidden>, HashMap<u32, NodeId>), WriteError> {
        let (mut hidden, mut elsewhere) = (Vec::new(), HashMap::new());
        let mut path = Vec::new();
        let root = layer.root()?;
        self.hide_contents(layer, &root, Some(NodeId::ROOT), &mut hidden)?;
        let mut open = Frames::new();
        open.enter(layer, &root, &path, Some(NodeId::ROOT))?;
        let mut directories = 1;
        while let Some(frame) = open.last_mut() {
            let Some(inode) = frame.next(&mut path) else {
                open.leave();
                continue;
            };
            // Most entries are files, and those hide nothing.
            if frame.is_file() {
                continue;
            }
            let node = layer.node(inode)?;
            match node.kind() {
                NodeKind::CharacterDevice(WHITEOUT) => {
                    if let Some(parent) = frame.target
                        && let Some(child) = self.tree.child(parent, frame.name())?
                    {
                        hidden.push(Hidden {
                            entry: child.entry,
                            itself: true,
                        });
                    }
                }
                NodeKind::Symlink if node.is_marked() => {
                    let target = layer.link_target(&node)?;
                    elsewhere.insert(inode, self.find_link_target(&path, &target)?);
                }
                NodeKind::Directory => {
                    let below = match frame.target {
                        Some(parent) => self.directory_below(&path, parent, frame.name(), &node)?,
                        None => None,
                    };
                    self.hide_contents(layer, &node, below, &mut hidden)?;
                    directories += 1;
                    if directories > layer.inodes() {
                        let what = "directories lie in each other";
                        return Err(ReadError::Damaged { what }.into());
                    }
                    open.enter(layer, &node, &path, below)?;
                }
                _ => {}
            }
        }
        Ok((hidden, elsewhere))
    }

    /// Notes what is in the directory `below` as hidden if the layer's directory is opaque.
    fn hide_contents(
        &mut self,
        layer: &Reader,
        directory: &Node,
        below: Option<NodeId>,
        hidden: &mut Vec<Hidden>,
    ) -> Result<(), WriteError> {
        if let Some(entry) = below
            && layer.xattrs(directory)?.iter().any(|xattr| xattr.name == OPAQUE_XATTR)
        {
            hidden.push(Hidden { entry, itself: false });
        }
        Ok(())
    }

    /// The directory that the layer's directory `name` shares its contents with, if there is one.
    fn directory_below(
        &mut self,
        path: &[u8],
        parent: NodeId,
        name: &[u8],
        directory: &Node,
    ) -> Result<Option<NodeId>, WriteError> {
        if directory.is_marked() {
            return self.lead(path, parent, name, Missing::Stop);
        }
        let child = self.tree.child(parent, name)?;
        Ok(child
            .map(|child| child.node)
            .filter(|node| self.tree.is_directory(*node)))
    }

    /// The directory that `name` is or leads to.
    fn lead(
        &mut self,
        path: &[u8],
        parent: NodeId,
        name: &[u8],
        missing: Missing,
    ) -> Result<Option<NodeId>, WriteError> {
        match self.walk(path, parent, &[name], missing) {
            Err(WriteError::NotADirectory { .. } | WriteError::SymlinkLoop { .. }) => Ok(None),
            found => found,
        }
    }

    fn find_link_target(&mut self, path: &[u8], target: &[u8]) -> Result<NodeId, WriteError> {
        let found = match self.find(target) {
            Err(WriteError::NotADirectory { .. } | WriteError::SymlinkLoop { .. }) => None,
            found => found?,
        };
        let (path, target) = (path.to_vec(), target.to_vec());
        match found {
            None => Err(WriteError::LinkTargetMissing { path, target }),
            Some(node) if self.tree.is_directory(node) => Err(WriteError::LinkToDirectory { path, target }),
            Some(node) => Ok(node),
        }
    }

    fn lay_entries(&mut self, layer: &Reader, laid: &mut Laid) -> Result<(), WriteError> {
        let mut path = Vec::new();
        let root = layer.root()?;
        if !root.is_marked() {
            let metadata = self.metadata_of(layer, &root, b"/", false)?;
            self.tree.set_metadata(NodeId::ROOT, &metadata)?;
            self.tree.mark(NodeId::ROOT, false);
        }
        let mut open = Frames::new();
        open.enter(layer, &root, &path, NodeId::ROOT)?;
        while let Some(frame) = open.last_mut() {
            let Some(inode) = frame.next(&mut path) else {
                open.leave();
                continue;
            };
            let node = layer.node(inode)?;
            if node.kind() == NodeKind::Directory {
                let target = self.lay_directory(layer, &path, frame.target, frame.name(), &node)?;
                open.enter(layer, &node, &path, target)?;
            } else if node.kind() != NodeKind::CharacterDevice(WHITEOUT) {
                self.lay_entry(layer, &path, (frame.target, frame.name()), (inode, &node), laid)?;
            }
        }
        Ok(())
    }

    fn lay_directory(
        &mut self,
        layer: &Reader,
        path: &[u8],
        parent: NodeId,
        name: &[u8],
        directory: &Node,
    ) -> Result<NodeId, WriteError> {
        let mut below = self.directory_below(path, parent, name, directory)?;
        if directory.is_marked() {
            // A symbolic link whose target does not exist: the directory is made at the target.
            if below.is_none() && self.tree.child(parent, name)?.is_some() {
                below = self.lead(path, parent, name, Missing::Make)?;
            }
            if let Some(below) = below {
                return Ok(below);
            }
        }
        let metadata = self.metadata_of(layer, directory, path, false)?;
        let target = match below {
            Some(below) => {
                self.tree.set_metadata(below, &metadata)?;
                below
            }
            None => {
                self.clear_place(parent, name)?;
                self.add_directory(parent, name, metadata)?
            }
        };
        self.tree.mark(target, directory.is_marked());
        Ok(target)
    }

    /// Lays anything but a directory.
    pub(super) fn lay_entry(
        &mut self,
        layer: &Reader,
        path: &[u8],
        (parent, name): (NodeId, &[u8]),
        (inode, node): (u32, &Node),
        laid: &mut Laid,
    ) -> Result<(), WriteError> {
        let known = laid.elsewhere.get(&inode).or_else(|| laid.several_names.get(&inode));
        // Under another name of its directory it may have been replaced meanwhile.
        if let Some(known) = known
            .copied()
            .filter(|known| self.tree.entry(*known).kind != Kind::Removed)
        {
            return self.link_in(path, parent, name, known);
        }
        let metadata = self.metadata_of(layer, node, path, laid.keeps_marks)?;
        let content = match node.kind() {
            NodeKind::File => {
                let mut file = self.begin_file(path, parent, name, metadata)?;
                layer.content(node, |piece| match piece {
                    Piece::Hole(length) => file.skip(length),
                    Piece::Bytes(bytes) => file.append(bytes),
                })?;
                let id = file.place()?;
                laid.note(inode, node, id);
                return Ok(());
            }
            NodeKind::Symlink => {
                let target = layer.link_target(node)?;
                self.check_symlink(path, &target)?;
                Content::Symlink(target)
            }
            NodeKind::CharacterDevice(device) => Content::CharacterDevice(device),
            NodeKind::BlockDevice(device) => Content::BlockDevice(device),
            NodeKind::Fifo => Content::Fifo,
            NodeKind::Socket => Content::Socket,
            NodeKind::Directory => Content::Directory,
        };
        self.clear_place(parent, name)?;
        let id = self.add_node(parent, name, &metadata, content)?;
        laid.note(inode, node, id);
        Ok(())
    }

    /// What the layer says of a node, without the marks of overlayfs unless they are kept; its attributes are checked.
    pub(super) fn metadata_of(
        &mut self,
        layer: &Reader,
        node: &Node,
        path: &[u8],
        keeps_marks: bool,
    ) -> Result<Metadata, WriteError> {
        let mut metadata = node.metadata();
        metadata.xattrs = layer.xattrs(node)?;
        metadata
            .xattrs
            .retain(|xattr| keeps_marks || xattr.name != OPAQUE_XATTR);
        self.check_xattrs(path, &metadata.xattrs)?;
        Ok(metadata)
    }
}

impl Laid {
    fn note(&mut self, inode: u32, node: &Node, id: NodeId) {
        if node.links() > 1 {
            self.several_names.insert(inode, id);
        }
    }
}
