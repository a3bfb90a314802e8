//! Requests of the agent's process, which makes the machine's kernel notice what happened on the host; see [`crate::serve::changes`]. They change nothing
//! on the host.

use std::ffi::{CStr, CString};
use std::io;
use std::time::Duration;

use virtiofsd::filesystem::{Context, Entry, FileSystem as _, OpenOptions};
use virtiofsd::fuse::Attr;
use virtiofsd::soft_idmap::Id as _;

use super::{Filesystem, Place, nobody};
use crate::serve::changes::{Directory, Name, Shown};
use crate::serve::names::{self, error};
use crate::tree::{AGENT_DONE_NAME, AGENT_GROUP, AGENT_NAME};

/// What a file is called that the agent has opened: nothing can be done with it.
const HANDLE: u64 = u64::MAX;

/// Whether it is what [`opened`] gave.
pub(super) fn is_of_marked(handle: u64) -> bool {
    handle == HANDLE
}

/// The answer to a marked request to open something.
pub(super) fn opened() -> (Option<u64>, OpenOptions) {
    // The machine does not keep what it has of the content.
    (Some(HANDLE), OpenOptions::empty())
}

/// What the agent is told of something. Without any name, the machine's kernel would drop it together with its watches before the removal of its name is told.
pub(super) fn named(mut attributes: Attr) -> Attr {
    attributes.nlink = attributes.nlink.max(1);
    attributes
}

impl Place<'_> {
    fn directory(&self) -> Directory {
        Directory {
            tree: self.index,
            node: self.id,
        }
    }

    fn name(&self, name: &CStr) -> Name {
        Name {
            directory: self.directory(),
            name: name.to_bytes().to_vec(),
        }
    }

    /// A node that is at its name no longer, as the machine knows it.
    fn former(&self, id: u64) -> io::Result<Entry> {
        let (host, file) = {
            let mut nodes = self.tree.nodes();
            let file = nodes.file(id).ok_or_else(|| error(libc::ENOENT))?;
            nodes.given_again(id);
            (nodes.host(&self.tree.filesystem, id).ok(), file)
        };
        let of_host = host.and_then(|host| self.tree.filesystem.getattr(nobody(), host, None).ok());
        let unknown = Attr {
            ino: file.0,
            mode: file.1 | 0o600,
            ..Attr::default()
        };
        let attr = of_host.map_or(unknown, |(attributes, _)| attributes);
        Ok(self.numbered(Entry {
            inode: id,
            generation: 0,
            attr: named(attr),
            attr_timeout: Duration::ZERO,
            entry_timeout: Duration::ZERO,
        }))
    }
}

impl Filesystem {
    /// Whether a request is to change nothing on the host.
    pub(super) fn is_marked(&self, context: &Context) -> bool {
        self.changes.agent.is(context.pid)
    }

    /// Refuses a marked request that no agent makes.
    pub(super) fn unmarked(&self, context: &Context) -> io::Result<()> {
        if self.is_marked(context) {
            Err(error(libc::EPERM))
        } else {
            Ok(())
        }
    }

    /// The answer to who makes a directory in the root of the device: the agent's process, which makes itself known, or somebody who may not. One that
    /// was known before has ended.
    pub(super) fn introduced(&self, context: &Context, name: &CStr) -> io::Error {
        if context.gid.into_inner() == AGENT_GROUP && name == AGENT_NAME {
            self.changes.agent.set(context.pid);
            return error(libc::EINPROGRESS);
        }
        error(libc::EPERM)
    }

    /// The answer to a marked lookup in the root of the device, where it is not that to others.
    pub(super) fn acknowledged(&self, name: &CStr) -> io::Result<()> {
        if name == AGENT_NAME {
            return Err(error(libc::EINPROGRESS));
        }
        if name == AGENT_DONE_NAME {
            self.changes.agent.set(0);
        }
        Ok(())
    }

    /// The answer to a marked lookup, where it is not what the host says.
    pub(super) fn shown(&self, place: &Place<'_>, name: &CStr) -> Option<io::Result<Entry>> {
        let key = place.name(name);
        match self.changes.shown.get(&key)? {
            Shown::Absent => Some(Err(error(libc::ENOENT))),
            // The machine's kernel may have forgotten it meanwhile.
            Shown::Node(id, _) if place.tree.nodes().file(id).is_some() => Some(place.former(id)),
            Shown::Node(_, kind) | Shown::Unknown(kind) => {
                let id = place.tree.nodes().stand_in(kind);
                self.changes.shown.looked_up(&key, id);
                Some(place.former(id))
            }
        }
    }

    /// The answer to a marked request to make something of the type `kind` (`S_IF*`): what is there on the host.
    pub(super) fn made(&self, parent: u64, name: &CStr, kind: u32) -> io::Result<Entry> {
        names::check(name)?;
        let place = self.of(parent)?;
        if !self.changes.shown.make(&place.name(name)) {
            return Err(error(libc::EPERM));
        }
        let entry = place.tree.filesystem.lookup(nobody(), place.node, name)?;
        if entry.attr.mode & libc::S_IFMT != kind {
            place.tree.filesystem.forget(nobody(), entry.inode, 1);
            return Err(error(libc::EEXIST));
        }
        Ok(self.found(&place, name, entry))
    }

    /// The answer to a marked request to remove something.
    pub(super) fn removed(&self, parent: u64, name: &CStr) -> io::Result<()> {
        let place = self.of(parent)?;
        let removed = self.changes.shown.remove(&place.name(name));
        let id = removed.ok_or_else(|| error(libc::EPERM))?;
        place.tree.nodes().lost(id, place.id, name);
        Ok(())
    }

    /// The answer to a marked request to rename something.
    pub(super) fn moved(&self, from: u64, from_name: &CStr, to: u64, to_name: &CStr) -> io::Result<()> {
        let (from, to) = self.of_both(from, to)?;
        let moved = self.changes.shown.rename(&from.name(from_name), &to.name(to_name));
        let id = moved.ok_or_else(|| error(libc::EPERM))?;
        let place = |place: &Place<'_>, name: &CStr| (place.id, CString::from(name));
        from.tree
            .nodes()
            .moved(id, place(&from, from_name), place(&to, to_name));
        Ok(())
    }
}
