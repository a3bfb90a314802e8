//! Where a machine's memory comes from.

use std::path::PathBuf;

/// Where a machine's memory comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GuestMemory {
    /// Memory of its own, gone with it.
    #[default]
    Own,
    /// A new file, which the backend makes for this user alone. It holds the memory after [`crate::capability::Template::save`].
    Template {
        /// The file; it must not exist.
        path: PathBuf,
        /// Whether the machine has the device of shared directories, with nothing on it, for machines that continue from it and have some.
        for_shares: bool,
    },
    /// What a template was saved with: the machine continues it instead of booting.
    ///
    /// It has the processors, the memory and the devices of the template, in the same order and with the same properties; disks may be other
    /// files of the same sizes, and where the template has the device of shared directories, this machine has its own on it. Any number of machines continue one template at the same time.
    Restored {
        /// The template's memory. The machine never writes to it.
        memory: PathBuf,
        /// What [`crate::capability::Template::save`] wrote of the devices.
        state: PathBuf,
    },
}
