//! The requests of FUSE for the device: each goes to the tree of its node, and what comes back is renumbered.

use std::ffi::CStr;
use std::io;
use std::time::Duration;

use virtiofsd::filesystem::{
    Context, Entry, Extensions, FileSystem, FsOptions, GetxattrReply, ListxattrReply, OpenOptions, SetattrValid,
    SetxattrFlags, ZeroCopyReader, ZeroCopyWriter,
};
use virtiofsd::fuse::{Attr, ROOT_ID, SetattrIn};

use super::entries::Entries;
use super::marked::{self, is_of_marked};
use super::{Filesystem, root};
use crate::serve::changes::Directory;
use crate::serve::names::error;
use crate::serve::node::Node;
use crate::tree::OWNER_ATTRIBUTE;

type Opened = (Option<u64>, OpenOptions);

/// Whether a node is the device's root.
fn is_root(number: u64) -> bool {
    Node::of_number(number) == Node::Root
}

impl FileSystem for Filesystem {
    type Inode = u64;
    type Handle = u64;
    type DirIter = Entries;

    fn init(&self, capable: FsOptions) -> io::Result<FsOptions> {
        self.locks.clear();
        let mut wanted = FsOptions::POSIX_LOCKS | FsOptions::FLOCK_LOCKS;
        for tree in self.trees.iter() {
            wanted |= tree.filesystem.init(capable)?;
        }
        Ok(wanted)
    }

    fn destroy(&self) {
        self.locks.clear();
        for tree in self.trees.iter() {
            tree.nodes().clear();
            tree.filesystem.destroy();
        }
    }

    fn lookup(&self, context: Context, parent: u64, name: &CStr) -> io::Result<Entry> {
        if is_root(parent) {
            if self.is_marked(&context) {
                self.acknowledged(name)?;
            }
            return self.tree_called(name);
        }
        let place = self.of(parent)?;
        if self.is_marked(&context)
            && let Some(shown) = self.shown(&place, name)
        {
            return shown;
        }
        let entry = place.tree.filesystem.lookup(context, place.node, name)?;
        Ok(self.found(&place, name, entry))
    }

    fn forget(&self, _: Context, node: u64, count: u64) {
        // Roots stay: they were not looked up in their trees.
        if let Ok((tree, index, id)) = self.tree(node)
            && id != ROOT_ID
        {
            let mut nodes = tree.nodes();
            let watches = self.changes.watches.as_ref().filter(|_| nodes.is_directory(id));
            let watched = watches.map(|watches| (watches, nodes.path(id)));
            nodes.forget(&tree.filesystem, id, count);
            if let Some((watches, path)) = watched
                && nodes.file(id).is_none()
            {
                drop(nodes);
                watches.forget(Directory { tree: index, node: id }, path);
            }
        }
    }

    fn batch_forget(&self, context: Context, requests: Vec<(u64, u64)>) {
        for (node, count) in requests {
            self.forget(context, node, count);
        }
    }

    fn getattr(&self, context: Context, node: u64, handle: Option<u64>) -> io::Result<(Attr, Duration)> {
        if is_root(node) {
            return Ok(root());
        }
        let place = self.of(node)?;
        let (attributes, valid) = place.attributes(place.tree.filesystem.getattr(context, place.node, handle)?);
        if self.is_marked(&context) {
            return Ok((marked::named(attributes), valid));
        }
        Ok((attributes, valid))
    }

    fn setattr(
        &self,
        context: Context,
        node: u64,
        change: SetattrIn,
        handle: Option<u64>,
        valid: SetattrValid,
    ) -> io::Result<(Attr, Duration)> {
        if self.is_marked(&context) {
            // What the agent sets is what it is to see.
            return self.getattr(context, node, None);
        }
        let place = self.of(node)?;
        let changed = place
            .tree
            .filesystem
            .setattr(context, place.node, change, handle, valid)?;
        Ok(place.attributes(changed))
    }

    fn readlink(&self, context: Context, node: u64) -> io::Result<Vec<u8>> {
        let place = self.of(node)?;
        place.tree.filesystem.readlink(context, place.node)
    }

    fn symlink(
        &self,
        context: Context,
        target: &CStr,
        parent: u64,
        name: &CStr,
        extensions: Extensions,
    ) -> io::Result<Entry> {
        if self.is_marked(&context) {
            return self.made(parent, name, libc::S_IFLNK);
        }
        let place = self.of(parent)?;
        Ok(place.entry(
            name,
            place
                .tree
                .filesystem
                .symlink(context, target, place.node, name, extensions)?,
        ))
    }

    fn mknod(
        &self,
        context: Context,
        parent: u64,
        name: &CStr,
        mode: u32,
        device: u32,
        umask: u32,
        extensions: Extensions,
    ) -> io::Result<Entry> {
        if self.is_marked(&context) {
            return self.made(parent, name, mode & libc::S_IFMT);
        }
        let place = self.of(parent)?;
        Ok(place.entry(
            name,
            place
                .tree
                .filesystem
                .mknod(context, place.node, name, mode, device, umask, extensions)?,
        ))
    }

    fn mkdir(
        &self,
        context: Context,
        parent: u64,
        name: &CStr,
        mode: u32,
        umask: u32,
        extensions: Extensions,
    ) -> io::Result<Entry> {
        if is_root(parent) {
            return Err(self.introduced(&context, name));
        }
        if self.is_marked(&context) {
            return self.made(parent, name, libc::S_IFDIR);
        }
        let place = self.of(parent)?;
        let tree = &place.tree.filesystem;
        let entry = tree.mkdir(context, place.node, name, mode, umask, extensions)?;
        Ok(self.found(&place, name, entry))
    }

    fn unlink(&self, context: Context, parent: u64, name: &CStr) -> io::Result<()> {
        if self.is_marked(&context) {
            return self.removed(parent, name);
        }
        let place = self.of(parent)?;
        place.tree.nodes().hold_named(&place.tree.filesystem, place.id, name);
        place.tree.filesystem.unlink(context, place.node, name)?;
        place.tree.nodes().unnamed(place.id, name);
        Ok(())
    }

    fn rmdir(&self, context: Context, parent: u64, name: &CStr) -> io::Result<()> {
        if self.is_marked(&context) {
            return self.removed(parent, name);
        }
        let place = self.of(parent)?;
        place.tree.nodes().hold_named(&place.tree.filesystem, place.id, name);
        place.tree.filesystem.rmdir(context, place.node, name)?;
        place.tree.nodes().unnamed(place.id, name);
        Ok(())
    }

    fn rename(
        &self,
        context: Context,
        from: u64,
        from_name: &CStr,
        to: u64,
        to_name: &CStr,
        flags: u32,
    ) -> io::Result<()> {
        if self.is_marked(&context) {
            return self.moved(from, from_name, to, to_name);
        }
        let (from, to) = self.of_both(from, to)?;
        let tree = from.tree;
        tree.nodes().hold_named(&tree.filesystem, to.id, to_name);
        tree.filesystem
            .rename(context, from.node, from_name, to.node, to_name, flags)?;
        let is_exchange = flags & libc::RENAME_EXCHANGE != 0;
        let (before, after) = ((from.id, from_name.to_owned()), (to.id, to_name.to_owned()));
        tree.nodes().renamed(before, after, is_exchange);
        Ok(())
    }

    fn link(&self, context: Context, node: u64, parent: u64, name: &CStr) -> io::Result<Entry> {
        self.unmarked(&context)?;
        let (linked, parent) = self.of_both(node, parent)?;
        let entry = parent.tree.filesystem.link(context, linked.node, parent.node, name)?;
        Ok(parent.entry(name, entry))
    }

    fn open(&self, context: Context, node: u64, kills_privileges: bool, flags: u32) -> io::Result<Opened> {
        if self.is_marked(&context) {
            return Ok(marked::opened());
        }
        let place = self.of(node)?;
        place.opened(place.tree.filesystem.open(context, place.node, kills_privileges, flags))
    }

    fn create(
        &self,
        context: Context,
        parent: u64,
        name: &CStr,
        mode: u32,
        kills_privileges: bool,
        flags: u32,
        umask: u32,
        extensions: Extensions,
    ) -> io::Result<(Entry, Option<u64>, OpenOptions)> {
        self.unmarked(&context)?;
        let place = self.of(parent)?;
        let tree = &place.tree.filesystem;
        let (entry, handle, options) = tree.create(
            context,
            place.node,
            name,
            mode,
            kills_privileges,
            flags,
            umask,
            extensions,
        )?;
        let entry = place.entry(name, entry);
        if let Node::Of(_, id) = Node::of_number(entry.inode) {
            place.tree.nodes().opened(id);
        }
        Ok((entry, handle, options))
    }

    fn read<W: ZeroCopyWriter>(
        &self,
        context: Context,
        node: u64,
        handle: u64,
        writer: W,
        size: u32,
        offset: u64,
        lock_owner: Option<u64>,
        flags: u32,
    ) -> io::Result<usize> {
        let place = self.of(node)?;
        let tree = &place.tree.filesystem;
        tree.read(context, place.node, handle, writer, size, offset, lock_owner, flags)
    }

    fn write<R: ZeroCopyReader>(
        &self,
        context: Context,
        node: u64,
        handle: u64,
        reader: R,
        size: u32,
        offset: u64,
        lock_owner: Option<u64>,
        is_delayed: bool,
        kills_privileges: bool,
        flags: u32,
    ) -> io::Result<usize> {
        self.unmarked(&context)?;
        let place = self.of(node)?;
        let tree = &place.tree.filesystem;
        tree.write(
            context,
            place.node,
            handle,
            reader,
            size,
            offset,
            lock_owner,
            is_delayed,
            kills_privileges,
            flags,
        )
    }

    fn flush(&self, context: Context, node: u64, handle: u64, lock_owner: u64) -> io::Result<()> {
        if is_of_marked(handle) {
            return Ok(());
        }
        self.locks.closed(node, lock_owner);
        let place = self.of(node)?;
        place.tree.filesystem.flush(context, place.node, handle, lock_owner)
    }

    fn fsync(&self, context: Context, node: u64, only_data: bool, handle: u64) -> io::Result<()> {
        let place = self.of(node)?;
        place.tree.filesystem.fsync(context, place.node, only_data, handle)
    }

    fn fallocate(
        &self,
        context: Context,
        node: u64,
        handle: u64,
        mode: u32,
        offset: u64,
        length: u64,
    ) -> io::Result<()> {
        self.unmarked(&context)?;
        let place = self.of(node)?;
        place
            .tree
            .filesystem
            .fallocate(context, place.node, handle, mode, offset, length)
    }

    fn release(
        &self,
        context: Context,
        node: u64,
        flags: u32,
        handle: u64,
        flush: bool,
        flock_release: bool,
        lock_owner: Option<u64>,
    ) -> io::Result<()> {
        if is_of_marked(handle) {
            return Ok(());
        }
        let place = self.of(node)?;
        let tree = &place.tree.filesystem;
        let released = tree.release(context, place.node, flags, handle, flush, flock_release, lock_owner);
        // Now the host has unlocked what belonged to it.
        self.locks.released(node, handle);
        place.closed(released)
    }

    fn statfs(&self, context: Context, node: u64) -> io::Result<libc::statvfs64> {
        // The root is no file system of the host. That of the first tree is as good as any.
        let node = if is_root(node) {
            Node::Of(0, ROOT_ID).number()
        } else {
            node
        };
        let place = self.of(node)?;
        place.tree.filesystem.statfs(context, place.node)
    }

    fn setxattr(
        &self,
        context: Context,
        node: u64,
        name: &CStr,
        value: &[u8],
        flags: u32,
        extra: SetxattrFlags,
    ) -> io::Result<()> {
        self.unmarked(&context)?;
        if is_root(node) {
            return if name.to_bytes() == OWNER_ATTRIBUTE.as_bytes() {
                self.set_owner(value)
            } else {
                Err(error(libc::EPERM))
            };
        }
        let place = self.of(node)?;
        place
            .tree
            .filesystem
            .setxattr(context, place.node, name, value, flags, extra)
    }

    fn getxattr(&self, context: Context, node: u64, name: &CStr, size: u32) -> io::Result<GetxattrReply> {
        let place = self.of(node)?;
        place.tree.filesystem.getxattr(context, place.node, name, size)
    }

    fn listxattr(&self, context: Context, node: u64, size: u32) -> io::Result<ListxattrReply> {
        let place = self.of(node)?;
        place.tree.filesystem.listxattr(context, place.node, size)
    }

    fn removexattr(&self, context: Context, node: u64, name: &CStr) -> io::Result<()> {
        self.unmarked(&context)?;
        let place = self.of(node)?;
        place.tree.filesystem.removexattr(context, place.node, name)
    }

    fn opendir(&self, context: Context, node: u64, flags: u32) -> io::Result<Opened> {
        if is_root(node) {
            return Ok((None, OpenOptions::empty()));
        }
        let place = self.of(node)?;
        place.opened(place.tree.filesystem.opendir(context, place.node, flags))
    }

    fn readdir(&self, context: Context, node: u64, handle: u64, size: u32, offset: u64) -> io::Result<Entries> {
        if is_root(node) {
            return Ok(Entries::default());
        }
        let place = self.of(node)?;
        let entries = place
            .tree
            .filesystem
            .readdir(context, place.node, handle, size, offset)?;
        Ok(Entries::new(entries, place.tree.mark))
    }

    fn fsyncdir(&self, context: Context, node: u64, only_data: bool, handle: u64) -> io::Result<()> {
        let place = self.of(node)?;
        place.tree.filesystem.fsyncdir(context, place.node, only_data, handle)
    }

    fn releasedir(&self, context: Context, node: u64, flags: u32, handle: u64) -> io::Result<()> {
        if is_root(node) {
            return Ok(());
        }
        let place = self.of(node)?;
        place.closed(place.tree.filesystem.releasedir(context, place.node, flags, handle))
    }

    fn lseek(&self, context: Context, node: u64, handle: u64, offset: u64, whence: u32) -> io::Result<u64> {
        let place = self.of(node)?;
        place.tree.filesystem.lseek(context, place.node, handle, offset, whence)
    }

    fn copyfilerange(
        &self,
        context: Context,
        from: u64,
        from_handle: u64,
        from_offset: u64,
        to: u64,
        to_handle: u64,
        to_offset: u64,
        length: u64,
        flags: u64,
    ) -> io::Result<usize> {
        self.unmarked(&context)?;
        let (from, to) = self.of_both(from, to)?;
        let tree = &from.tree.filesystem;
        tree.copyfilerange(
            context,
            from.node,
            from_handle,
            from_offset,
            to.node,
            to_handle,
            to_offset,
            length,
            flags,
        )
    }

    // It would flush the whole file system of the host, whoever wrote to it, whenever a container ends. A file's own fsync reaches the disk.
    fn syncfs(&self, _: Context, _: u64) -> io::Result<()> {
        Err(error(libc::ENOSYS))
    }
}
