//! The machine of a container to be made, besides its size.

use std::collections::BTreeMap;

/// What is asked of a container's machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineRequest {
    /// Further words of the kernel's command line, in order.
    pub kernel_arguments: Vec<String>,
    /// Kernel parameters, by dotted name.
    pub sysctls: BTreeMap<String, String>,
    /// Its programs are to run machines of their own with the processor's help.
    pub virtualization: bool,
    /// It is to have the host's translator for x86-64 programs, whatever its image is for.
    pub rosetta: bool,
}
