//! What is shared.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The extended attribute of the device's root that the guest sets once, to the owner of all files that have no record: user and group as decimal
/// numbers with a colon between them.
pub const OWNER_ATTRIBUTE: &str = "user.container.owner";

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
}
