//! What containerd's applier leaves in a directory to which layers are applied one after the other: member by member in the order of the tar, parents resolved
//! within the root by following links, those that are missing made, and a member that is no directory over a directory replacing what has its name.

use std::collections::BTreeMap;

use super::{Seen, View, What, remove, remove_contents};

/// A member of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) path: String,
    pub(crate) kind: MemberKind,
    pub(crate) mode: u16,
    pub(crate) owner: u32,
    pub(crate) modified: u32,
    pub(crate) xattr: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MemberKind {
    Directory,
    File(u8),
    Symlink(String),
    HardLink(String),
    Fifo,
    Whiteout,
    Opaque,
}

/// Links that are followed on one path.
const MAX_LINKS: usize = 40;

/// What a layer has done so far.
#[derive(Default)]
struct Progress {
    /// The paths of the members that have been unpacked.
    unpacked: Vec<String>,
    /// The symbolic links that its members have gone through, and the directories that were made because they were missing.
    on_the_way: Vec<String>,
}

impl Progress {
    /// Whether the layer has unpacked the path or something below it.
    fn has_unpacked(&self, path: &str) -> bool {
        self.unpacked.iter().any(|other| is_at_or_below(other, path))
    }

    /// `None` where the layer would remove what its own members have come by.
    fn may_remove(&self, path: &str) -> Option<()> {
        let is_torn = self.on_the_way.iter().any(|other| is_at_or_below(other, path));
        (!is_torn).then_some(())
    }
}

/// What the layers leave; `None` where they cannot be applied, and where a layer undoes what it has done itself. Then containerd's result
/// follows from the order of its steps alone: it takes a whiteout to concern the layer's own members, which by the specification it does not,
/// and leaves members where links or directories led that the layer has replaced since.
pub(crate) fn applied<'a>(layers: impl IntoIterator<Item = Vec<&'a Member>>) -> Option<View> {
    let mut view = View::from([(String::new(), directory())]);
    for layer in layers {
        let mut progress = Progress::default();
        for member in layer {
            apply(&mut view, member, &mut progress)?;
        }
    }
    Some(view)
}

fn apply(view: &mut View, member: &Member, progress: &mut Progress) -> Option<()> {
    let (parent, name) = match &member.kind {
        MemberKind::Opaque => (member.path.as_str(), ""),
        _ => split(&member.path),
    };
    let parent = root_path(view, parent, progress)?;
    make_parent(view, &parent, progress)?;
    let path = join(&parent, name);
    let content = match &member.kind {
        MemberKind::Whiteout => {
            if progress.has_unpacked(&path) {
                return None;
            }
            progress.may_remove(&path)?;
            remove(view, &path);
            return Some(());
        }
        MemberKind::Opaque => {
            let below = if parent.is_empty() {
                String::new()
            } else {
                format!("{parent}/")
            };
            let gone: Vec<String> = view
                .keys()
                .filter(|path| !path.is_empty() && path.starts_with(&below) && !progress.has_unpacked(path))
                .cloned()
                .collect();
            for path in gone {
                progress.may_remove(&path)?;
                view.remove(&path);
            }
            return Some(());
        }
        MemberKind::HardLink(target) => {
            let (target_parent, target_name) = split(target);
            let target = join(&root_path(view, target_parent, progress)?, target_name);
            let linked = view.get(&target).filter(|seen| seen.what != What::Directory)?.clone();
            progress.may_remove(&path)?;
            if target != path {
                remove(view, &path);
            }
            view.insert(path.clone(), linked);
            progress.unpacked.push(path);
            return Some(());
        }
        MemberKind::Directory => What::Directory,
        MemberKind::File(byte) => What::File(vec![*byte; 5]),
        MemberKind::Symlink(target) => What::Symlink(target.clone()),
        MemberKind::Fifo => What::Fifo,
    };
    let is_merged = content == What::Directory && view.get(&path).is_some_and(|seen| seen.what == What::Directory);
    if !is_merged {
        progress.may_remove(&path)?;
        remove(view, &path);
    }
    let xattrs = member.xattr.map(|value| ("user.k".to_owned(), vec![value]));
    let seen = Seen {
        what: content,
        mode: member.mode,
        uid: member.owner,
        gid: member.owner,
        modified: member.modified.into(),
        xattrs: xattrs.into_iter().collect(),
    };
    view.insert(path.clone(), seen);
    progress.unpacked.push(path);
    Some(())
}

fn is_at_or_below(path: &str, other: &str) -> bool {
    path == other || path.starts_with(&format!("{other}/"))
}

/// Resolves all links of a path, as if the root were that of the file system. What is missing stays as it is.
fn root_path(view: &View, path: &str, progress: &mut Progress) -> Option<String> {
    let mut here = String::new();
    let mut links = 0;
    let mut pending: Vec<String> = parts(path).rev().map(str::to_owned).collect();
    while let Some(name) = pending.pop() {
        if name == ".." {
            here = split(&here).0.to_owned();
            continue;
        }
        let next = join(&here, &name);
        match view.get(&next).map(|seen| &seen.what) {
            Some(What::Symlink(target)) => {
                links += 1;
                progress.on_the_way.push(next);
                if links > MAX_LINKS {
                    return None;
                }
                if target.starts_with('/') {
                    here.clear();
                }
                pending.extend(parts(target).rev().map(str::to_owned));
            }
            _ => here = next,
        }
    }
    Some(here)
}

/// Makes a directory and those above it; `None` when something else is in the way.
fn make_parent(view: &mut View, path: &str, progress: &mut Progress) -> Option<()> {
    if let Some(seen) = view.get(path) {
        return (seen.what == What::Directory).then_some(());
    }
    make_parent(view, split(path).0, progress)?;
    remove_contents(view, path);
    view.insert(path.to_owned(), directory());
    progress.on_the_way.push(path.to_owned());
    Some(())
}

fn directory() -> Seen {
    Seen {
        what: What::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        modified: 0,
        xattrs: BTreeMap::new(),
    }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn join(parent: &str, name: &str) -> String {
    match (parent, name) {
        (parent, "") => parent.to_owned(),
        ("", name) => name.to_owned(),
        _ => format!("{parent}/{name}"),
    }
}
