//! One shared tree as a file system: the host's files, with the owners and modes that the machine gave them.

mod attributes;
mod requests;

use std::collections::HashMap;
use std::ffi::CStr;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use virtiofsd::filesystem::Context;
use virtiofsd::passthrough::{CachePolicy, Config, PassthroughFs};

use crate::serve::names::error;
use crate::serve::record::Record;
use crate::tree::SharedTree;

/// How long a machine may believe what it saw of a file or a name: what changes on the host is seen that late at most. Its content is read again
/// whenever a file is opened.
const VALID: Duration = Duration::from_secs(1);

/// Records of files that can have no extended attribute: more than these are forgotten by the one that was set last.
const MAXIMUM_UNRECORDED: usize = 1 << 16;

/// User and group of files without a record, the same for all trees of a machine.
#[derive(Debug, Default)]
pub(crate) struct DefaultOwner(AtomicU64);

impl DefaultOwner {
    pub(crate) fn set(&self, user: u32, group: u32) {
        self.0
            .store(u64::from(user) << 32 | u64::from(group), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> (u32, u32) {
        let both = self.0.load(Ordering::Relaxed);
        ((both >> 32) as u32, both as u32)
    }
}

/// One shared tree.
pub(crate) struct TreeFilesystem {
    host: PassthroughFs,
    is_read_only: bool,
    owner: Arc<DefaultOwner>,
    /// Records by the host's number of the file, of those that can have no attribute of a user's (xattr(7)): symbolic links, pipes, sockets.
    unrecorded: Mutex<HashMap<u64, Record>>,
    /// Held while a file's permissions are lent to this process.
    lending: Mutex<()>,
}

impl TreeFilesystem {
    /// # Errors
    /// When the tree cannot be opened, or its path is not UTF-8.
    pub(crate) fn new(tree: &SharedTree, owner: Arc<DefaultOwner>, descriptor_limit: u64) -> io::Result<Self> {
        let path = tree.path.to_str().ok_or_else(|| error(libc::EILSEQ))?;
        let host = PassthroughFs::new(Config {
            root_dir: path.to_owned(),
            xattr: true,
            cache_policy: CachePolicy::Auto,
            entry_timeout: VALID,
            attr_timeout: VALID,
            guest_fd_limit: descriptor_limit,
            ..Config::default()
        })?;
        Ok(Self {
            host,
            is_read_only: tree.read_only,
            owner,
            unrecorded: Mutex::default(),
            lending: Mutex::default(),
        })
    }

    /// Refuses a change of a tree that is shared for reading.
    fn writable(&self) -> io::Result<()> {
        if self.is_read_only {
            Err(error(libc::EROFS))
        } else {
            Ok(())
        }
    }

    /// As [`TreeFilesystem::writable`], for the entry `name` of a directory.
    fn writable_name(&self, name: &CStr) -> io::Result<()> {
        self.writable()?;
        crate::serve::names::check(name)
    }
}

/// Who asks the host: always this process's own user, whose credentials are not changed for user 0.
fn own() -> Context {
    Context {
        uid: 0.into(),
        gid: 0.into(),
        pid: 0,
    }
}
