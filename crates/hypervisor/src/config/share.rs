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
}

/// Whether a guest may write to a shared directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareAccess {
    /// The host refuses every change.
    ReadOnly,
    /// The guest may do what the user may who runs the machine.
    ReadWrite,
}
