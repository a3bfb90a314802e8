//! Owner and mode: what is shown, what is recorded, what the host gets.

use std::io;
use std::sync::PoisonError;

use virtiofsd::filesystem::{Context, Entry, FileSystem as _, GetxattrReply, SetattrValid, SetxattrFlags};
use virtiofsd::fuse::{Attr, ROOT_ID, SetattrIn};
use virtiofsd::soft_idmap::Id as _;

use super::{TreeFilesystem, own};
use crate::serve::record::{MAXIMUM_BYTES, MODE_BITS, PERMISSION_BITS, RECORD_NAME, Record, RecordedMode, host_mode};
use crate::serve::record_table::Special;

/// Whether a file can have the extended attribute of a record (xattr(7): regular files and directories).
fn has_attributes(mode: u32) -> bool {
    matches!(mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFDIR)
}

fn is_link(mode: u32) -> bool {
    mode & libc::S_IFMT == libc::S_IFLNK
}

fn special(attributes: &Attr) -> Special {
    Special {
        number: attributes.ino,
        kind: attributes.mode & libc::S_IFMT,
    }
}

pub(super) fn is_directory(mode: u32) -> bool {
    mode & libc::S_IFMT == libc::S_IFDIR
}

/// The mode to record for a file that is to have `mode`, if the host's cannot be the same.
fn recorded(mode: u32, host: u32) -> Option<RecordedMode> {
    (mode & MODE_BITS != host).then_some(RecordedMode {
        mode: mode & MODE_BITS,
        host,
    })
}

impl TreeFilesystem {
    /// Changes the host's attributes to those that the machine is shown.
    pub(super) fn show(&self, node: u64, attributes: &mut Attr) {
        let record = self.record(node, attributes);
        self.show_as(record, attributes);
    }

    fn show_as(&self, record: Record, attributes: &mut Attr) {
        let (user, group) = self.owner.get();
        attributes.uid = record.user.unwrap_or(user).into();
        attributes.gid = record.group.unwrap_or(group).into();
        attributes.mode = (attributes.mode & libc::S_IFMT) | record.mode(attributes.mode);
    }

    /// What `show` makes of a directory in which something has been made. More is likely to be, so that its record is read through an open file; what is
    /// made changes the directory, so that a record in memory would not count.
    fn shown_parent(&self, node: u64) -> io::Result<Attr> {
        let (mut attributes, _) = self.host.getattr(own(), node, None)?;
        let record = match self.record_of_parent(node) {
            Some(record) => record,
            None => self.record(node, &attributes),
        };
        self.show_as(record, &mut attributes);
        Ok(attributes)
    }

    fn record(&self, node: u64, attributes: &Attr) -> Record {
        if !has_attributes(attributes.mode) {
            return self
                .special
                .get(special(attributes), || self.target(node, attributes.mode));
        }
        let read = || match self.host.getxattr(own(), node, RECORD_NAME, MAXIMUM_BYTES) {
            Ok(GetxattrReply::Value(text)) => Record::parse(&text).unwrap_or_default(),
            // Nothing recorded, or a file whose attributes the host does not let this process read.
            _ => Record::default(),
        };
        let is_kept = || self.keeps_times && self.is_on_root_s_file_system(node);
        self.cache.get(node, attributes, read, is_kept)
    }

    /// Another file system may be mounted in the tree.
    fn is_on_root_s_file_system(&self, node: u64) -> bool {
        let number = |node| self.host.statfs(own(), node).map(|found| found.f_fsid);
        matches!((number(node), number(ROOT_ID)), (Ok(found), Ok(root)) if found == root)
    }

    /// What a link leads to; nothing for what is none.
    fn target(&self, node: u64, mode: u32) -> Vec<u8> {
        match mode & libc::S_IFMT {
            libc::S_IFLNK => self.host.readlink(own(), node).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn set_record(&self, node: u64, attributes: &Attr, record: Record) -> io::Result<()> {
        if !has_attributes(attributes.mode) {
            let target = self.target(node, attributes.mode);
            return self.special.set(special(attributes), &target, record);
        }
        let write = || {
            if record == Record::default() {
                match self.host.removexattr(own(), node, RECORD_NAME) {
                    Err(error) if error.raw_os_error() != Some(libc::ENODATA) => Err(error),
                    _ => Ok(()),
                }
            } else {
                let text = record.text();
                self.host
                    .setxattr(own(), node, RECORD_NAME, text.as_bytes(), 0, SetxattrFlags::empty())
            }
        };
        match write() {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => self.lent(node, write),
            result => result,
        }
    }

    /// Does `what` with a file that its owner, this process's user, may not write to, for which it is given the permission for a moment.
    fn lent(&self, node: u64, what: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let _one_at_a_time = self.lending.lock().unwrap_or_else(PoisonError::into_inner);
        let (attributes, _) = self.host.getattr(own(), node, None)?;
        let before = attributes.mode & MODE_BITS;
        self.set_host_mode(node, before | 0o600)?;
        let result = what();
        self.set_host_mode(node, before)?;
        result
    }

    fn set_host_mode(&self, node: u64, mode: u32) -> io::Result<()> {
        let change = SetattrIn {
            mode,
            ..SetattrIn::default()
        };
        self.host
            .setattr(own(), node, change, None, SetattrValid::MODE)
            .map(drop)
    }

    /// Records the owner and mode of what `maker` has just made below `parent`: those that it asked for, as the host of a container would give them.
    /// With the group's bit on the directory its group counts, and directories pass that bit on (inode(7), `S_ISGID`).
    pub(super) fn born(&self, maker: &Context, parent: u64, mode: u32, mut entry: Entry) -> io::Result<Entry> {
        let directory = self.shown_parent(parent)?;
        let takes_group = directory.mode & libc::S_ISGID != 0;
        let is_directory = is_directory(entry.attr.mode);
        let inherited = if takes_group && is_directory { libc::S_ISGID } else { 0 };
        let user = maker.uid.into_inner();
        let group = if takes_group {
            directory.gid.into_inner()
        } else {
            maker.gid.into_inner()
        };
        let (default_user, default_group) = self.owner.get();
        let is_plain = has_attributes(entry.attr.mode);
        let record = Record {
            user: (user != default_user).then_some(user),
            group: (group != default_group).then_some(group),
            mode: if is_plain {
                recorded(mode | inherited, host_mode(mode, is_directory))
            } else if is_link(entry.attr.mode) {
                None
            } else {
                recorded(mode, entry.attr.mode & PERMISSION_BITS)
            },
        };
        // What is no file nor directory may have the number of another one that is gone.
        if record != Record::default() || !is_plain {
            self.set_record(entry.inode, &entry.attr, record)?;
        }
        // Nothing else made the file, and so nothing else has a record of it.
        self.show_as(record, &mut entry.attr);
        Ok(entry)
    }

    /// Changes owner and mode as asked, and takes out of `valid` what the host is not to do.
    pub(super) fn change_owner_and_mode(
        &self,
        node: u64,
        handle: Option<u64>,
        change: &mut SetattrIn,
        valid: &mut SetattrValid,
    ) -> io::Result<()> {
        if !valid.intersects(SetattrValid::UID | SetattrValid::GID | SetattrValid::MODE) {
            return Ok(());
        }
        let (attributes, _) = self.host.getattr(own(), node, handle)?;
        let before = self.record(node, &attributes);
        let mut record = before;
        let (default_user, default_group) = self.owner.get();
        if valid.contains(SetattrValid::UID) {
            record.user = Some(change.uid.into_inner()).filter(|user| *user != default_user);
        }
        if valid.contains(SetattrValid::GID) {
            record.group = Some(change.gid.into_inner()).filter(|group| *group != default_group);
        }
        valid.remove(SetattrValid::UID | SetattrValid::GID);
        if valid.contains(SetattrValid::MODE) {
            // Nobody opens pipes and sockets on the host, and links have no mode: the host's stays.
            let host = match has_attributes(attributes.mode) {
                true => host_mode(change.mode, is_directory(attributes.mode)),
                false => attributes.mode & PERMISSION_BITS,
            };
            record.mode = recorded(change.mode, host);
            change.mode = host;
            if attributes.mode & PERMISSION_BITS == host {
                valid.remove(SetattrValid::MODE);
            }
        }
        if record != before {
            self.set_record(node, &attributes, record)?;
        }
        Ok(())
    }
}
