//! The files that layers result in.

use std::collections::BTreeMap;
use std::io::BufReader;

use anyhow::{Context as _, Result};
use container_tar::{Entry, EntryKind, Piece, ReadError, Reader};
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use crate::node::Node;

/// Files by their paths without a leading slash.
pub(crate) type Tree = BTreeMap<String, Node>;

/// Begins the name of a file that says what a layer takes away (image specification 1.1, layer.md, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// What says that a layer takes away all that a directory had.
const OPAQUE: &str = ".wh..wh..opq";

/// Puts a layer, a tar that may be compressed with gzip, over a tree.
pub(crate) fn apply(tree: &mut Tree, layer: &[u8]) -> Result<()> {
    match layer {
        [0x1f, 0x8b, ..] => apply_tar(tree, Reader::new(BufReader::new(GzDecoder::new(layer)))),
        _ => apply_tar(tree, Reader::new(layer)),
    }
}

fn apply_tar<R: std::io::BufRead>(tree: &mut Tree, mut tar: Reader<R>) -> Result<()> {
    while let Some(entry) = tar.next_entry()? {
        let path = clean(&entry.path);
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name == OPAQUE {
            remove_below(tree, parent);
        } else if let Some(gone) = name.strip_prefix(WHITEOUT) {
            let gone = clean(format!("{parent}/{gone}").as_bytes());
            tree.remove(&gone);
            remove_below(tree, &gone);
        } else if !path.is_empty() {
            let node = node(&entry, &mut tar, tree).with_context(|| format!("in {path}"))?;
            if node.kind != 'd' {
                remove_below(tree, &path);
            }
            tree.insert(path, node);
        }
    }
    Ok(())
}

fn remove_below(tree: &mut Tree, directory: &str) {
    let prefix = format!("{directory}/");
    tree.retain(|path, _| !(path.starts_with(&prefix) || directory.is_empty()));
}

/// A path without `.` and without empty names.
fn clean(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let names = path.split('/').filter(|name| !name.is_empty() && *name != ".");
    names.collect::<Vec<_>>().join("/")
}

fn node<R: std::io::BufRead>(entry: &Entry, tar: &mut Reader<R>, tree: &Tree) -> Result<Node> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut node = Node {
        kind: 'f',
        mode: format!("{:o}", entry.mode),
        uid: entry.uid,
        gid: entry.gid,
        size_bytes: None,
        content: None,
        target: None,
        xattrs: entry
            .xattrs
            .iter()
            .map(|(name, value)| (text(name), hex(value)))
            .collect(),
    };
    match &entry.kind {
        EntryKind::File { size_bytes, regions } => {
            let mut hash = Sha256::new();
            tar.each_piece(*size_bytes, regions.as_deref(), |piece| {
                match piece {
                    Piece::Bytes(bytes) => hash.update(bytes),
                    Piece::Hole(length) => (0..length).for_each(|_| hash.update([0])),
                }
                Ok::<_, ReadError>(())
            })?;
            node.size_bytes = Some(*size_bytes);
            node.content = Some(hex(&hash.finalize()[..8]));
        }
        EntryKind::HardLink { target } => {
            let target = clean(target);
            if let Some(same) = tree.get(&target) {
                return Ok(same.clone());
            }
            node.kind = 'h';
            node.target = Some(target);
        }
        EntryKind::Symlink { target } => {
            node.kind = 'l';
            node.target = Some(text(target));
        }
        EntryKind::Directory => node.kind = 'd',
        EntryKind::CharacterDevice(_) => node.kind = 'c',
        EntryKind::BlockDevice(_) => node.kind = 'b',
        EntryKind::Fifo => node.kind = 'p',
    }
    Ok(node)
}
