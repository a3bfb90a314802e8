//! What a machine shows that stacks disks: each read by itself, then put together by the rules of overlayfs
//! (`Documentation/filesystems/overlayfs.rst`, "Merging directories" and "whiteouts and opaque directories").

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use container_ext4::{Node, NodeKind, Piece, ReadError, Reader};

use super::{Seen, View, What, remove, remove_contents};

const OPAQUE_XATTR: &str = "trusted.overlay.opaque";

/// The stack of these disks, lowest first.
pub(crate) fn stacked(disks: &[impl AsRef<Path>]) -> View {
    let mut view = View::new();
    for disk in disks {
        // A directory comes before what is in it.
        for (path, seen) in read(disk.as_ref()) {
            match seen.what {
                What::Whiteout => remove(&mut view, &path),
                What::Directory | What::OpaqueDirectory => {
                    // overlayfs does not look whether a root is opaque.
                    let hides = seen.what == What::OpaqueDirectory && !path.is_empty();
                    if hides || view.get(&path).is_none_or(|below| below.what != What::Directory) {
                        remove_contents(&mut view, &path);
                    }
                    let what = What::Directory;
                    view.insert(path, Seen { what, ..seen });
                }
                _ => {
                    remove(&mut view, &path);
                    view.insert(path, seen);
                }
            }
        }
    }
    view
}

/// Everything on one disk.
pub(crate) fn read(disk: &Path) -> View {
    let reader = Reader::open(File::open(disk).unwrap()).unwrap();
    let mut view = View::new();
    let mut open = vec![(String::new(), reader.root().unwrap())];
    while let Some((path, node)) = open.pop() {
        let seen = seen(&reader, &node);
        if node.kind() == NodeKind::Directory {
            let names = reader.names(&node).unwrap();
            for index in 0..names.len() {
                let (name, inode) = names.get(index).unwrap();
                let name = std::str::from_utf8(name).unwrap();
                let below = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}/{name}")
                };
                open.push((below, reader.node(inode).unwrap()));
            }
        }
        view.insert(path, seen);
    }
    view
}

fn seen(reader: &Reader, node: &Node) -> Seen {
    let xattrs = reader.xattrs(node).unwrap().into_iter();
    let mut xattrs: BTreeMap<String, Vec<u8>> = xattrs
        .map(|xattr| (String::from_utf8(xattr.name).unwrap(), xattr.value))
        .collect();
    let is_opaque = xattrs.remove(OPAQUE_XATTR).is_some();
    let what = match node.kind() {
        NodeKind::Directory if is_opaque => What::OpaqueDirectory,
        NodeKind::Directory => What::Directory,
        NodeKind::File => {
            let mut content = Vec::new();
            let read = reader.content(node, |piece| {
                match piece {
                    Piece::Bytes(bytes) => content.extend_from_slice(bytes),
                    Piece::Hole(length) => content.resize(content.len() + length as usize, 0),
                }
                Ok::<_, ReadError>(())
            });
            read.unwrap();
            What::File(content)
        }
        NodeKind::Symlink => What::Symlink(String::from_utf8(reader.link_target(node).unwrap()).unwrap()),
        NodeKind::Fifo => What::Fifo,
        NodeKind::CharacterDevice(device) if (device.major, device.minor) == (0, 0) => What::Whiteout,
        kind => panic!("{kind:?}"),
    };
    let metadata = node.metadata();
    Seen {
        what,
        mode: metadata.mode,
        uid: metadata.uid,
        gid: metadata.gid,
        modified: metadata.modified.seconds,
        xattrs,
    }
}
