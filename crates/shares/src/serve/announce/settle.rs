//! What the machine's kernel has to be shown so that its watchers are told what happened.
//!
//! Events say that something happened, not what is there now: what was made may be gone, and several things may have happened to a name. So the state
//! of the host decides, together with what the machine knows of the name.

use std::collections::{HashMap, HashSet};
use std::ffi::CString;

use virtiofsd::filesystem::FileSystem as _;

use crate::change::{Change, ChangeKind, Entry};
use crate::serve::changes::{Directory, Name, Shown};
use crate::serve::filesystem::nodes::{FileIdentity, NodeId, identity};
use crate::serve::filesystem::{Tree, nobody};

/// Events after which a name is there, and after which it is not.
const APPEARED: u64 = libc::FAN_CREATE | libc::FAN_MOVED_TO;
const VANISHED: u64 = libc::FAN_DELETE | libc::FAN_MOVED_FROM;

/// What is to be done in the machine, in this order, and what its kernel is shown meanwhile.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) changes: Vec<Change>,
    pub(super) shown: HashMap<Name, Shown>,
}

/// A name with what is known of it.
struct Seen {
    name: Name,
    mask: u64,
    /// The directory's path.
    directory: Vec<u8>,
    machine: Option<(NodeId, FileIdentity)>,
    host: Option<FileIdentity>,
    /// What it was called before.
    from: Option<Name>,
    /// Whether it is called otherwise now.
    is_moved: bool,
}

/// Weighs names with what happened to them.
pub(super) fn settle(trees: &[Tree], names: Vec<(Name, u64)>) -> Settled {
    let seen = names.into_iter().filter_map(|(name, mask)| look(trees, name, mask));
    let mut seen: Vec<Seen> = seen.collect();
    pair(&mut seen);
    let mut settled = Settled::default();
    let places: HashMap<Name, Vec<u8>> = seen
        .iter()
        .filter(|seen| seen.is_moved)
        .map(|seen| (seen.name.clone(), seen.directory.clone()))
        .collect();
    // What is below a directory that is moved is still found by its former path.
    let (moved, others): (Vec<_>, Vec<_>) = seen.into_iter().partition(|seen| seen.from.is_some());
    for seen in others.iter().chain(&moved) {
        let Some(tree) = trees.get(seen.name.directory.tree) else {
            continue;
        };
        let Ok(tree) = String::from_utf8(tree.name.clone()) else {
            continue;
        };
        settled.take(seen, &tree, &places);
    }
    let directories: HashSet<Directory> = others.iter().chain(&moved).map(|seen| seen.name.directory).collect();
    settled.show_ways(trees, directories);
    settled
}

fn look(trees: &[Tree], name: Name, mask: u64) -> Option<Seen> {
    let tree = trees.get(name.directory.tree)?;
    let text = CString::new(name.name.clone()).ok()?;
    let node = name.directory.node;
    let (host, directory, machine) = {
        let mut nodes = tree.nodes();
        let host = nodes.host(&tree.filesystem, node).ok();
        (host, nodes.path(node)?, nodes.at(node, &text))
    };
    let of_host = || {
        let entry = tree.filesystem.lookup(nobody(), host?, &text).ok()?;
        tree.filesystem.forget(nobody(), entry.inode, 1);
        Some(identity(&entry.attr))
    };
    Some(Seen {
        host: of_host(),
        name,
        mask,
        directory,
        machine,
        from: None,
        is_moved: false,
    })
}

/// Finds the files that are called otherwise now.
fn pair(seen: &mut [Seen]) {
    let vanished = seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.host.is_none() && seen.mask & VANISHED != 0);
    let by_file: HashMap<(usize, FileIdentity), usize> = vanished
        .filter_map(|(index, seen)| Some(((seen.name.directory.tree, seen.machine?.1), index)))
        .collect();
    for index in 0..seen.len() {
        let now = &seen[index];
        let Some(host) = now.host.filter(|_| now.mask & libc::FAN_MOVED_TO != 0) else {
            continue;
        };
        let Some(&former) = by_file.get(&(now.name.directory.tree, host)) else {
            continue;
        };
        // A file with two names may appear twice.
        if !seen[former].is_moved {
            seen[former].is_moved = true;
            seen[index].from = Some(seen[former].name.clone());
        }
    }
}

impl Settled {
    /// Has the directories found where the machine knows them, so that what happened in them can be told also when they are gone by then.
    fn show_ways(&mut self, trees: &[Tree], directories: HashSet<Directory>) {
        for Directory { tree: index, node } in directories {
            let Some(tree) = trees.get(index) else { continue };
            for ((parent, name), node) in tree.nodes().way_to(node) {
                let directory = Directory {
                    tree: index,
                    node: parent,
                };
                let name = name.into_bytes();
                let name = Name { directory, name };
                self.shown.entry(name).or_insert(Shown::Node(node, libc::S_IFDIR));
            }
        }
    }

    fn take(&mut self, seen: &Seen, tree: &str, places: &HashMap<Name, Vec<u8>>) {
        let change = |kind, entry: Entry, to: Entry| Change {
            kind,
            tree: tree.to_owned(),
            entry,
            to,
        };
        let entry = |directory: &[u8], name: &Name| Entry {
            directory: directory.to_vec(),
            name: name.name.clone(),
        };
        let here = entry(&seen.directory, &seen.name);
        let mut push = |kind| self.changes.push(change(kind, here.clone(), Entry::default()));
        if seen.name.name.is_empty() {
            push(ChangeKind::Modified);
            if seen.mask & libc::FAN_CLOSE_WRITE != 0 {
                push(ChangeKind::Written);
            }
            return;
        }
        let is_directory = seen.mask & libc::FAN_ONDIR != 0;
        let guessed = if is_directory { libc::S_IFDIR } else { libc::S_IFREG };
        let former = match seen.machine {
            Some((node, (_, kind))) => Shown::Node(node, kind),
            None => Shown::Unknown(guessed),
        };
        let former_kind = seen.machine.map_or(guessed, |(_, (_, kind))| kind);
        let appeared = seen.mask & APPEARED != 0;
        let vanished = seen.mask & VANISHED != 0;
        let Some(host) = seen.host else {
            // What came and went before the machine knew of it has never been.
            if vanished && (!appeared || seen.machine.is_some()) {
                self.shown.insert(seen.name.clone(), former);
                if !seen.is_moved {
                    self.changes.push(change(removal(former_kind), here, Entry::default()));
                }
            }
            return;
        };
        let is_same = seen.machine.is_some_and(|(_, file)| file == host);
        let was_there = seen.machine.is_some() || vanished;
        if let Some((from, directory)) = seen.from.as_ref().and_then(|from| Some((from, places.get(from)?))) {
            let replaced = if was_there && !is_same { former } else { Shown::Absent };
            self.shown.insert(seen.name.clone(), replaced);
            self.changes
                .push(change(ChangeKind::Moved, entry(directory, from), here.clone()));
        } else if appeared && !(is_same && vanished) {
            let is_replaced = was_there && !is_same;
            if is_replaced {
                push(removal(former_kind));
            }
            if let Some(made) = made(host.1) {
                push(made);
                let shown = if is_replaced { former } else { Shown::Absent };
                self.shown.insert(seen.name.clone(), shown);
            } else if is_replaced {
                self.shown.insert(seen.name.clone(), former);
            }
        }
        let mut push = |kind| self.changes.push(change(kind, here.clone(), Entry::default()));
        if host.1 == libc::S_IFREG && seen.mask & libc::FAN_MODIFY != 0 {
            push(ChangeKind::Modified);
        }
        if host.1 == libc::S_IFREG && seen.mask & libc::FAN_CLOSE_WRITE != 0 {
            push(ChangeKind::Written);
        }
        if seen.mask & libc::FAN_ATTRIB != 0 && seen.mask & (APPEARED | VANISHED | libc::FAN_MODIFY) == 0 {
            push(ChangeKind::Attributes);
        }
    }
}

fn removal(kind: u32) -> ChangeKind {
    if kind == libc::S_IFDIR {
        ChangeKind::DirectoryRemoved
    } else {
        ChangeKind::Removed
    }
}

/// Devices are not made in a machine.
fn made(kind: u32) -> Option<ChangeKind> {
    match kind {
        libc::S_IFREG => Some(ChangeKind::FileMade),
        libc::S_IFDIR => Some(ChangeKind::DirectoryMade),
        libc::S_IFLNK => Some(ChangeKind::LinkMade),
        libc::S_IFIFO => Some(ChangeKind::PipeMade),
        libc::S_IFSOCK => Some(ChangeKind::SocketMade),
        _ => None,
    }
}
