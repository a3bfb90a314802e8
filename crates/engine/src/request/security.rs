//! What the processes of a container to be made may do, besides their capabilities.

use std::path::PathBuf;

/// Changes of the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityRequest {
    /// Paths to hide besides the usual ones, absolute; `NONE` takes away what comes before it, the usual ones included.
    pub masked_paths: Vec<String>,
    /// Paths to protect from being written, in the same way.
    pub readonly_paths: Vec<String>,
    /// The usual paths are neither hidden nor protected.
    pub system_paths_unconfined: bool,
    /// No program gains rights by being executed.
    pub no_new_privileges: bool,
    /// What programs may call of the kernel.
    pub seccomp: SeccompRequest,
    /// Nothing limits them but the machine.
    pub privileged: bool,
    /// Devices of the machine.
    pub devices: Vec<DeviceRequest>,
}

/// Which system calls are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SeccompRequest {
    /// Those of the usual profile, or all if nothing limits programs but the machine.
    #[default]
    Default,
    /// All.
    Unconfined,
    /// Those of a profile in Docker's form.
    Profile {
        /// The file that it is in, for messages.
        file: PathBuf,
        /// The document.
        text: String,
    },
}

/// A device of the machine, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Its node in the machine.
    pub path: String,
    /// Its node in the container.
    pub target: String,
    /// What may be done with it: some of `r`, `w` and `m`.
    pub access: String,
}
