//! The requests of FUSE for one tree (`include/uapi/linux/fuse.h` of Linux): names are checked, changes of a tree for reading refused, and owners and
//! modes are the machine's own; the rest is the host's.

use std::ffi::CStr;
use std::io;
use std::time::Duration;

use virtiofsd::filesystem::{
    Context, Entry, Extensions, FileSystem, FsOptions, GetxattrReply, ListxattrReply, OpenOptions, SetattrValid,
    SetxattrFlags, ZeroCopyReader, ZeroCopyWriter,
};
use virtiofsd::fuse::{Attr, SetattrIn};
use virtiofsd::passthrough::PassthroughFs;

use super::{TreeFilesystem, own};
use crate::serve::names::{self, error};
use crate::serve::record::host_mode;

type Opened = (Option<u64>, OpenOptions);

impl FileSystem for TreeFilesystem {
    type Inode = u64;
    type Handle = u64;
    type DirIter = <PassthroughFs as FileSystem>::DirIter;

    fn init(&self, capable: FsOptions) -> io::Result<FsOptions> {
        self.host.init(capable)
    }

    fn destroy(&self) {
        self.cache.clear();
        self.leave_parent();
        self.host.destroy();
    }

    fn lookup(&self, _: Context, parent: u64, name: &CStr) -> io::Result<Entry> {
        names::check(name)?;
        let mut entry = self.host.lookup(own(), parent, name)?;
        self.show(entry.inode, &mut entry.attr);
        Ok(entry)
    }

    fn forget(&self, _: Context, node: u64, count: u64) {
        self.host.forget(own(), node, count);
    }

    fn getattr(&self, _: Context, node: u64, handle: Option<u64>) -> io::Result<(Attr, Duration)> {
        let (mut attributes, valid) = self.host.getattr(own(), node, handle)?;
        self.show(node, &mut attributes);
        Ok((attributes, valid))
    }

    fn setattr(
        &self,
        _: Context,
        node: u64,
        mut change: SetattrIn,
        handle: Option<u64>,
        mut valid: SetattrValid,
    ) -> io::Result<(Attr, Duration)> {
        self.writable()?;
        self.change_owner_and_mode(node, handle, &mut change, &mut valid)?;
        if !valid.is_empty() {
            self.host.setattr(own(), node, change, handle, valid)?;
        }
        self.getattr(own(), node, handle)
    }

    fn readlink(&self, _: Context, node: u64) -> io::Result<Vec<u8>> {
        self.host.readlink(own(), node)
    }

    fn symlink(&self, context: Context, target: &CStr, parent: u64, name: &CStr, _: Extensions) -> io::Result<Entry> {
        self.writable_name(name)?;
        let entry = self.host.symlink(own(), target, parent, name, Extensions::default())?;
        self.born(&context, parent, 0o777, entry)
    }

    fn mknod(
        &self,
        context: Context,
        parent: u64,
        name: &CStr,
        mode: u32,
        device: u32,
        umask: u32,
        _: Extensions,
    ) -> io::Result<Entry> {
        self.writable_name(name)?;
        let kind = mode & libc::S_IFMT;
        if matches!(kind, libc::S_IFCHR | libc::S_IFBLK) {
            return Err(error(libc::EPERM));
        }
        let mode = mode & !umask;
        let host = kind | host_mode(mode, false);
        let entry = self
            .host
            .mknod(own(), parent, name, host, device, 0, Extensions::default())?;
        self.born(&context, parent, mode, entry)
    }

    fn mkdir(
        &self,
        context: Context,
        parent: u64,
        name: &CStr,
        mode: u32,
        umask: u32,
        _: Extensions,
    ) -> io::Result<Entry> {
        self.writable_name(name)?;
        let mode = mode & !umask;
        let entry = self
            .host
            .mkdir(own(), parent, name, host_mode(mode, true), 0, Extensions::default())?;
        self.born(&context, parent, mode, entry)
    }

    fn unlink(&self, _: Context, parent: u64, name: &CStr) -> io::Result<()> {
        self.writable_name(name)?;
        self.host.unlink(own(), parent, name)
    }

    fn rmdir(&self, _: Context, parent: u64, name: &CStr) -> io::Result<()> {
        self.writable_name(name)?;
        self.host.rmdir(own(), parent, name)
    }

    fn rename(&self, _: Context, from: u64, from_name: &CStr, to: u64, to_name: &CStr, flags: u32) -> io::Result<()> {
        self.writable_name(from_name)?;
        self.writable_name(to_name)?;
        self.host.rename(own(), from, from_name, to, to_name, flags)
    }

    fn link(&self, _: Context, node: u64, parent: u64, name: &CStr) -> io::Result<Entry> {
        self.writable_name(name)?;
        let mut entry = self.host.link(own(), node, parent, name)?;
        self.show(entry.inode, &mut entry.attr);
        Ok(entry)
    }

    fn open(&self, _: Context, node: u64, kills_privileges: bool, flags: u32) -> io::Result<Opened> {
        let asked = flags.cast_signed();
        if self.is_read_only && (asked & libc::O_ACCMODE != libc::O_RDONLY || asked & libc::O_TRUNC != 0) {
            return Err(error(libc::EROFS));
        }
        self.host.open(own(), node, kills_privileges, flags)
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
        _: Extensions,
    ) -> io::Result<(Entry, Option<u64>, OpenOptions)> {
        self.writable_name(name)?;
        let mode = mode & !umask;
        let exclusive = libc::O_EXCL.cast_unsigned();
        let host = host_mode(mode, false);
        // Exclusively in any case, so that it is known who made the file.
        let created = self.host.create(
            own(),
            parent,
            name,
            host,
            kills_privileges,
            flags | exclusive,
            0,
            Extensions::default(),
        );
        match created {
            Ok((entry, handle, options)) => Ok((self.born(&context, parent, mode, entry)?, handle, options)),
            Err(refused) if refused.raw_os_error() == Some(libc::EEXIST) && flags & exclusive == 0 => {
                let entry = self.lookup(own(), parent, name)?;
                let flags = flags & !libc::O_CREAT.cast_unsigned();
                let opened = self.host.open(own(), entry.inode, kills_privileges, flags);
                if opened.is_err() {
                    self.host.forget(own(), entry.inode, 1);
                }
                let (handle, options) = opened?;
                Ok((entry, handle, options))
            }
            Err(refused) => Err(refused),
        }
    }

    fn read<W: ZeroCopyWriter>(
        &self,
        _: Context,
        node: u64,
        handle: u64,
        writer: W,
        size: u32,
        offset: u64,
        lock_owner: Option<u64>,
        flags: u32,
    ) -> io::Result<usize> {
        self.host
            .read(own(), node, handle, writer, size, offset, lock_owner, flags)
    }

    fn write<R: ZeroCopyReader>(
        &self,
        _: Context,
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
        self.writable()?;
        self.host.write(
            own(),
            node,
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

    fn flush(&self, _: Context, node: u64, handle: u64, lock_owner: u64) -> io::Result<()> {
        self.host.flush(own(), node, handle, lock_owner)
    }

    fn fsync(&self, _: Context, node: u64, only_data: bool, handle: u64) -> io::Result<()> {
        self.host.fsync(own(), node, only_data, handle)
    }

    fn fallocate(&self, _: Context, node: u64, handle: u64, mode: u32, offset: u64, length: u64) -> io::Result<()> {
        self.writable()?;
        self.host.fallocate(own(), node, handle, mode, offset, length)
    }

    fn release(
        &self,
        _: Context,
        node: u64,
        flags: u32,
        handle: u64,
        flush: bool,
        flock_release: bool,
        lock_owner: Option<u64>,
    ) -> io::Result<()> {
        self.host
            .release(own(), node, flags, handle, flush, flock_release, lock_owner)
    }

    fn statfs(&self, _: Context, node: u64) -> io::Result<libc::statvfs64> {
        self.host.statfs(own(), node)
    }

    // The machine's kernel would ask for a file's capabilities before each write.
    fn setxattr(&self, _: Context, _: u64, _: &CStr, _: &[u8], _: u32, _: SetxattrFlags) -> io::Result<()> {
        Err(error(libc::ENOSYS))
    }

    fn getxattr(&self, _: Context, _: u64, _: &CStr, _: u32) -> io::Result<GetxattrReply> {
        Err(error(libc::ENOSYS))
    }

    fn listxattr(&self, _: Context, _: u64, _: u32) -> io::Result<ListxattrReply> {
        Err(error(libc::ENOSYS))
    }

    fn removexattr(&self, _: Context, _: u64, _: &CStr) -> io::Result<()> {
        Err(error(libc::ENOSYS))
    }

    fn opendir(&self, _: Context, node: u64, flags: u32) -> io::Result<Opened> {
        self.host.opendir(own(), node, flags)
    }

    fn readdir(&self, _: Context, node: u64, handle: u64, size: u32, offset: u64) -> io::Result<Self::DirIter> {
        self.host.readdir(own(), node, handle, size, offset)
    }

    fn fsyncdir(&self, _: Context, node: u64, only_data: bool, handle: u64) -> io::Result<()> {
        self.host.fsyncdir(own(), node, only_data, handle)
    }

    fn releasedir(&self, _: Context, node: u64, flags: u32, handle: u64) -> io::Result<()> {
        self.host.releasedir(own(), node, flags, handle)
    }

    fn lseek(&self, _: Context, node: u64, handle: u64, offset: u64, whence: u32) -> io::Result<u64> {
        self.host.lseek(own(), node, handle, offset, whence)
    }

    fn copyfilerange(
        &self,
        _: Context,
        from: u64,
        from_handle: u64,
        from_offset: u64,
        to: u64,
        to_handle: u64,
        to_offset: u64,
        length: u64,
        flags: u64,
    ) -> io::Result<usize> {
        self.writable()?;
        self.host.copyfilerange(
            own(),
            from,
            from_handle,
            from_offset,
            to,
            to_handle,
            to_offset,
            length,
            flags,
        )
    }
}
