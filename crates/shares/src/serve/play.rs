//! A hostile kernel: requests in any order, about any node, with any names, sizes and flags, of the agent's process and of others, while the host tells of
//! any changes.

mod locks;

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use virtiofsd::filesystem::{
    Context, DirectoryIterator as _, Entry, Extensions, FileSystem as _, FsOptions, SetattrValid, SetxattrFlags,
    ZeroCopyReader, ZeroCopyWriter,
};
use virtiofsd::fuse::{ROOT_ID, SetattrIn};
use virtiofsd::oslib::{ReadvFlags, WritevFlags};

use super::changes::{Directory, Name, Shown};
use super::filesystem::Filesystem;
use super::node::Node;
use crate::tree::{AGENT_DONE_NAME, AGENT_GROUP, AGENT_NAME, SharedTree};

/// Most bytes of one request for content: more of them find nothing else.
const LENGTH: u64 = 1 << 12;
/// How many kinds of requests there are.
const OPERATIONS: u8 = 34;
/// The one that introduces the agent's process.
const INTRODUCTION: u8 = 25;
/// The ids of that process and of any other one.
const AGENT_ID: i32 = 77;
const OTHER_ID: i32 = 1;
/// Descriptors of a tree, few, so that nodes are let go of.
const DESCRIPTORS: u64 = 40;
/// Descriptors of locks, few, so that some are refused.
const LOCK_DESCRIPTORS: usize = 8;

/// Names that lead elsewhere, or that something has.
const NAMES: [&[u8]; 16] = [
    b"a",
    b"b",
    b"c",
    b"d",
    b"file",
    b"below",
    b"shared",
    b"read-only",
    b"..",
    b".",
    b"",
    b"../secret",
    b"a/../../secret",
    b"/",
    &[b'n'; 256],
    b"\xff",
];

/// One request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// What is asked for.
    pub operation: u8,
    /// Whether the agent's process asks, which has to introduce itself before it is known as that.
    pub is_agent: bool,
    /// Which of the nodes that were given so far; beyond those, `number` is one.
    pub node: u8,
    /// The same, for requests about two.
    pub other: u8,
    /// Which name.
    pub name: u8,
    /// The same, for requests about two.
    pub other_name: u8,
    /// Offset, size, user, or whatever else is a number.
    pub number: u64,
    /// Flags and modes.
    pub flags: u32,
}

/// Plays requests to a machine's file system of `trees`, and returns all content and names that came back.
///
/// # Errors
/// When a tree cannot be opened.
pub fn play(trees: &[SharedTree], requests: &[Request]) -> io::Result<Vec<u8>> {
    let mut kernel = Kernel::boot(trees)?;
    for request in requests {
        // What is refused is refused.
        let _ = kernel.ask(request);
    }
    kernel.filesystem.destroy();
    Ok(kernel.seen)
}

impl Request {
    fn context(&self, user: u32) -> Context {
        Context {
            uid: user.into(),
            gid: user.into(),
            pid: if self.is_agent { AGENT_ID } else { OTHER_ID },
        }
    }
}

fn name(index: u8) -> CString {
    let name = NAMES.get(usize::from(index) % NAMES.len()).copied().unwrap_or_default();
    CString::new(name).unwrap_or_default()
}

struct Kernel {
    filesystem: Filesystem,
    /// Nodes that were given, also those that were forgotten since.
    nodes: Vec<u64>,
    /// Handles that were given, with their nodes.
    handles: Vec<(u64, u64)>,
    seen: Vec<u8>,
}

impl Kernel {
    fn boot(trees: &[SharedTree]) -> io::Result<Self> {
        let filesystem = Filesystem::new(trees, DESCRIPTORS, LOCK_DESCRIPTORS).map_err(|(_, error)| error)?;
        filesystem.init(FsOptions::all())?;
        let mut kernel = Self {
            filesystem,
            nodes: vec![ROOT_ID],
            handles: Vec::new(),
            seen: Vec::new(),
        };
        for tree in trees {
            let name = CString::new(tree.name.as_str()).map_err(io::Error::other)?;
            let found = kernel.filesystem.lookup(Request::default().context(0), ROOT_ID, &name);
            kernel.know(found);
        }
        Ok(kernel)
    }

    fn know(&mut self, found: io::Result<Entry>) -> Option<u64> {
        let node = found.ok()?.inode;
        self.nodes.push(node);
        Some(node)
    }

    fn node(&self, index: u8, number: u64) -> u64 {
        self.nodes.get(usize::from(index)).copied().unwrap_or(number)
    }

    /// A handle with its node, or with another one.
    fn handle(&self, request: &Request) -> (u64, u64) {
        match self.handles.get(usize::from(request.other)) {
            Some((node, handle)) if request.flags & 1 == 0 => (*node, *handle),
            Some((_, handle)) => (self.node(request.node, request.number), *handle),
            None => (self.node(request.node, request.number), request.number),
        }
    }

    fn ask(&mut self, request: &Request) -> io::Result<()> {
        let Request { number, flags, .. } = *request;
        let (node, other) = (self.node(request.node, number), self.node(request.other, number));
        let (first, second) = (name(request.name), name(request.other_name));
        let who = request.context(number as u32);
        let extra = Extensions::default;
        let filesystem = &self.filesystem;
        match request.operation % OPERATIONS {
            0 => drop(self.know(self.filesystem.lookup(who, node, &first))),
            1 => filesystem.forget(who, node, number % 4),
            2 => drop(filesystem.getattr(who, node, (flags & 1 == 1).then_some(number))?),
            3 => self.change(request, node)?,
            4 => self.seen.extend(filesystem.readlink(who, node)?),
            5 => drop(self.know(self.filesystem.symlink(who, &second, node, &first, extra()))),
            6 => {
                let made = filesystem.mknod(who, node, &first, flags, number as u32, 0o22, extra());
                self.know(made);
            }
            7 => drop(self.know(self.filesystem.mkdir(who, node, &first, flags, 0o22, extra()))),
            8 => filesystem.unlink(who, node, &first)?,
            9 => filesystem.rmdir(who, node, &first)?,
            10 => filesystem.rename(who, node, &first, other, &second, flags % 8)?,
            11 => drop(self.know(self.filesystem.link(who, node, other, &first))),
            12 => {
                let (handle, _) = filesystem.open(who, node, flags & 2 == 2, flags)?;
                self.handles.extend(handle.map(|handle| (node, handle)));
            }
            13 => self.create(request, node, &first)?,
            14 => {
                let (node, handle) = self.handle(request);
                let mut into = Content(Vec::new());
                let read = self
                    .filesystem
                    .read(who, node, handle, &mut into, LENGTH as u32, number, None, 0);
                self.seen.extend(into.0);
                read.map(drop)?;
            }
            15 => {
                let (node, handle) = self.handle(request);
                let content = Content(vec![request.name; 64]);
                self.filesystem
                    .write(
                        who,
                        node,
                        handle,
                        content,
                        flags % 128,
                        number,
                        None,
                        false,
                        true,
                        flags,
                    )
                    .map(drop)?;
            }
            16 => {
                let (node, handle) = self.handle(request);
                self.filesystem.flush(who, node, handle, number)?;
                self.filesystem.fsync(who, node, true, handle)?;
            }
            17 => {
                let (node, handle) = self.handle(request);
                self.filesystem.fallocate(
                    who,
                    node,
                    handle,
                    flags % 64,
                    number % LENGTH,
                    number >> 32 & (LENGTH - 1),
                )?;
            }
            18 => {
                let (node, handle) = self.handle(request);
                self.filesystem
                    .release(who, node, flags, handle, true, true, Some(number))?;
            }
            19 => drop(filesystem.statfs(who, node)?),
            20 => self.attributes(request, node, &first)?,
            21 => {
                let (handle, _) = filesystem.opendir(who, node, flags)?;
                self.handles.extend(handle.map(|handle| (node, handle)));
            }
            22 => {
                let (node, handle) = self.handle(request);
                let mut entries = self.filesystem.readdir(who, node, handle, flags % 65536, number)?;
                while let Some(entry) = entries.next() {
                    self.seen.extend(entry.name.to_bytes());
                }
            }
            23 => {
                let (node, handle) = self.handle(request);
                self.filesystem.releasedir(who, node, flags, handle)?;
            }
            24 => {
                let (node, handle) = self.handle(request);
                self.filesystem.lseek(who, node, handle, number, flags % 8).map(drop)?;
            }
            INTRODUCTION => {
                let agent = Context {
                    gid: AGENT_GROUP.into(),
                    ..request.context(0)
                };
                let refused = filesystem.mkdir(agent, ROOT_ID, AGENT_NAME, flags, 0o22, extra());
                refused.map(drop)?;
            }
            26 => {
                let name = if flags & 1 == 0 { AGENT_NAME } else { AGENT_DONE_NAME };
                filesystem.lookup(who, ROOT_ID, name).map(drop)?;
            }
            27 => self.show(request, node, other),
            28 => {
                let ((from, from_handle), (to, to_handle)) = (self.handle(request), (other, number >> 8));
                let length = number % LENGTH;
                let copied = self
                    .filesystem
                    .copyfilerange(who, from, from_handle, 0, to, to_handle, number, length, 0);
                copied.map(drop)?;
            }
            _ => locks::ask(filesystem, request, self.handle(request))?,
        }
        Ok(())
    }

    /// The host tells of what it knows of two names, each in a directory.
    fn show(&self, request: &Request, node: u64, other: u64) {
        let known = |bits: u32, directory: Directory, of: u64| {
            let kind = [libc::S_IFREG, libc::S_IFDIR, libc::S_IFLNK][bits as usize / 3 % 3];
            match (bits % 3, Node::of_number(of)) {
                (0, _) => Shown::Absent,
                (1, Node::Of(tree, id)) if tree == directory.tree => Shown::Node(id, kind),
                _ => Shown::Unknown(kind),
            }
        };
        let of = self.node(request.number as u8, request.number);
        let names = [
            (node, request.name, request.flags),
            (other, request.other_name, request.flags >> 8),
        ];
        let names = names.into_iter().filter_map(|(directory, index, bits)| {
            let Node::Of(tree, node) = Node::of_number(directory) else {
                return None;
            };
            let directory = Directory { tree, node };
            let name = Name {
                directory,
                name: name(index).into_bytes(),
            };
            Some((name, known(bits, directory, of)))
        });
        self.filesystem.changes.shown.replace(names.collect::<HashMap<_, _>>());
    }

    fn change(&self, request: &Request, node: u64) -> io::Result<()> {
        let Request { number, flags, .. } = *request;
        let change = SetattrIn {
            size: number,
            mode: flags,
            uid: (number as u32).into(),
            gid: flags.into(),
            mtime: number,
            mtimensec: flags,
            ..SetattrIn::default()
        };
        let valid = SetattrValid::from_bits_truncate(u32::from(request.name) << 8 | u32::from(request.other_name));
        let handle = (flags & 1 == 1).then(|| self.handle(request).1);
        self.filesystem
            .setattr(request.context(0), node, change, handle, valid)
            .map(drop)
    }

    fn create(&mut self, request: &Request, node: u64, name: &CStr) -> io::Result<()> {
        let Request { number, flags, .. } = *request;
        let mode = (number >> 32) as u32;
        let who = request.context(number as u32);
        let (entry, handle, _) =
            self.filesystem
                .create(who, node, name, mode, true, flags, 0o22, Extensions::default())?;
        self.nodes.push(entry.inode);
        self.handles.extend(handle.map(|handle| (entry.inode, handle)));
        Ok(())
    }

    fn attributes(&self, request: &Request, node: u64, name: &CStr) -> io::Result<()> {
        let Request { number, flags, .. } = *request;
        let who = || request.context(number as u32);
        let value = number.to_le_bytes();
        drop(self.filesystem.getxattr(who(), node, c"user.container.stat", flags));
        drop(self.filesystem.listxattr(who(), node, flags));
        drop(self.filesystem.removexattr(who(), node, name));
        self.filesystem.setxattr(
            who(),
            node,
            c"user.container.owner",
            &value,
            flags,
            SetxattrFlags::empty(),
        )
    }
}

/// What is written, or was read.
struct Content(Vec<u8>);

impl ZeroCopyReader for Content {
    fn write_to_file_at(
        &mut self,
        file: &File,
        count: usize,
        offset: u64,
        _: Option<WritevFlags>,
    ) -> io::Result<usize> {
        file.write_at(self.0.get(..count).unwrap_or(&self.0), offset)
    }
}

impl ZeroCopyWriter for Content {
    fn read_from_file_at(
        &mut self,
        file: &File,
        count: usize,
        offset: u64,
        _: Option<ReadvFlags>,
    ) -> io::Result<usize> {
        let mut bytes = vec![0; count.min(LENGTH as usize)];
        let read = file.read_at(&mut bytes, offset)?;
        self.0.extend(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
