//! Which system calls a process may make: the default seccomp profile, or one that was made a program of on the host.
//!
//! The default profile allows the system calls of an ordinary program and refuses those that reach beyond a container. Each refused call is
//! listed with the capabilities that allow it ([`policy`]). Calls newer than the list fail with ENOSYS, so that programs fall back to
//! older ones. The filter is a binary search with about eight comparisons for any call ([`filter`]).

mod filter;
mod install;
mod policy;
mod program;

use crate::capability::CapabilitySet;

pub use program::{FilterProgram, FilterProgramError};

/// Which system calls a process may make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seccomp {
    /// All of them.
    #[default]
    Unconfined,
    /// Those of the default profile.
    Default,
    /// Those that a program allows.
    Filter(FilterProgram),
}

/// Installs the profile for the calling process and its children; `capabilities` allow some of the calls that the default one refuses.
///
/// # Errors
/// The kernel's: without `no_new_privs` the caller needs CAP_SYS_ADMIN, and a program has to be one that the kernel takes.
pub(crate) fn install(profile: &Seccomp, capabilities: CapabilitySet) -> std::io::Result<()> {
    match profile {
        Seccomp::Unconfined => Ok(()),
        Seccomp::Default => install::install(&filter::build(
            &policy::exceptions(capabilities),
            policy::NEWEST_SYSTEM_CALL,
        )),
        Seccomp::Filter(program) => install::install(&program.instructions()),
    }
}
