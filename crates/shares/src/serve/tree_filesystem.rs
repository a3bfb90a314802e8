//! One shared tree as a file system: the host's files, with the owners and modes that the machine gave them.

mod attributes;
mod lock_files;
mod parent;
mod requests;

use std::ffi::CStr;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use virtiofsd::filesystem::Context;
use virtiofsd::passthrough::{CachePolicy, Config, PassthroughFs};

use crate::serve::names::error;
use crate::serve::record_cache::{RecordCache, keeps_times};
use crate::serve::record_table::RecordTable;
use crate::tree::SharedTree;
use parent::Parent;

/// How long a machine may believe what it saw of a file or a name: what changes on the host is seen that late at most. Its content is read again
/// whenever a file is opened.
const VALID: Duration = Duration::from_secs(1);

/// User and group of files without a record: root, until they are set.
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
    /// Records of what can have an extended attribute, where the file system tells of its changes.
    cache: RecordCache,
    /// Whether the tree's file system is one of these.
    keeps_times: bool,
    /// The directory in which something was made last.
    parent: Mutex<Option<Parent>>,
    /// Records of what can have no extended attribute.
    special: RecordTable,
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
        let kind = rustix::fs::statfs(&tree.path)?.f_type;
        Ok(Self {
            keeps_times: keeps_times(kind),
            cache: RecordCache::default(),
            parent: Mutex::default(),
            host,
            is_read_only: tree.read_only,
            owner,
            special: RecordTable::open(tree.records.as_deref())?,
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
