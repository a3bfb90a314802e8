//! The default seccomp profile.
//!
//! The profile allows the system calls of an ordinary program and refuses those that reach beyond a container. Each refused call is
//! listed with the capabilities that allow it ([`policy`]). Calls newer than the list fail with ENOSYS, so that programs fall back to
//! older ones. The filter is a binary search with about eight comparisons for any call ([`filter`]).

mod filter;
mod install;
mod policy;

use crate::capability::CapabilitySet;

/// Installs the profile for the calling process and its children; `capabilities` allow some of the refused calls.
///
/// # Errors
/// The kernel's: without `no_new_privs` the caller needs CAP_SYS_ADMIN.
pub(crate) fn install(capabilities: CapabilitySet) -> std::io::Result<()> {
    install::install(&filter::build(
        &policy::exceptions(capabilities),
        policy::NEWEST_SYSTEM_CALL,
    ))
}
