//! What is shared.

use std::ffi::CStr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The extended attribute of the device's root that the guest sets once, to the owner of all files that have no record: user and group as decimal
/// numbers with a colon between them.
pub const OWNER_ATTRIBUTE: &str = "user.container.owner";

/// The group of the process that makes the guest's kernel notice what happened on the host, when it makes itself known by the attempt to make a directory
/// called [`AGENT_NAME`] in the device's root. From then on a request of this process changes nothing on the host.
///
/// Kernels from 6.12 on say whose a request is only when it makes something, but always which process's.
pub const AGENT_GROUP: u32 = 0xffff_f0f0;

/// Making this directory fails with `EINPROGRESS` for that process, and so does looking it up, as long as the process is known.
pub const AGENT_NAME: &CStr = c".agent";

/// After looking this up, which fails as well, the process is not known any more.
pub const AGENT_DONE_NAME: &CStr = c".agent-done";

/// A directory with everything below it, or a single file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedTree {
    /// Its name in the root of the device.
    pub name: String,
    /// The directory or file on the host, absolute, without symbolic links. A file stays the one that it was when the machine started, also when
    /// another one takes its name.
    pub path: PathBuf,
    /// Whether all changes are refused.
    pub read_only: bool,
    /// Whose its files are that have no record.
    #[serde(default)]
    pub owner: TreeOwner,
    /// A directory outside of all trees, for the records of what can have no extended attribute: symbolic links, pipes, sockets. Several processes that
    /// serve the same tree name the same one. Without it those records are kept as long as the machine runs.
    #[serde(default)]
    pub records: Option<PathBuf>,
}

/// Whose the files of a tree are that have no record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TreeOwner {
    /// The user whom the machine names with [`OWNER_ATTRIBUTE`].
    #[default]
    Named,
    /// User and group 0.
    Root,
}
