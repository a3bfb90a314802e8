//! Directories of the host that a machine sees.

use std::path::PathBuf;

use super::names::ShareName;

/// Tag of the one file-system device that has all shared directories: the guest mounts it once (`mount -t virtiofs`) and finds each
/// directory under its name there.
pub const SHARES_TAG: &str = "container-shares";

/// A host directory that the guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDirectory {
    /// Its name within the device. One directory that is shared twice, once for reading and once for writing, has two.
    pub name: ShareName,
    /// Host directory.
    pub path: PathBuf,
    /// Whether the guest may write.
    pub access: ShareAccess,
    /// Whose its files are that nobody has given away, where the backend can tell the guest.
    pub owner: ShareOwner,
    /// A directory of the host for owners that no file can carry, where the backend keeps any. Without it they are kept as long as the machine runs.
    pub records: Option<PathBuf>,
}

/// Whose the files of a shared directory are that nobody has given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareOwner {
    /// The user whom the guest names.
    Named,
    /// The guest's root.
    Root,
}

/// Whether a guest may write to a shared directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareAccess {
    /// The host refuses every change.
    ReadOnly,
    /// The guest may do what the user may who runs the machine.
    ReadWrite,
}
