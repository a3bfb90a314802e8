//! The default seccomp profile.
//!
//! The profile allows what this kernel's system calls can do for an ordinary program and refuses what reaches beyond a
//! container: each refused call is listed with the capabilities that lift the refusal ([`policy`]). Calls that are
//! newer than the list do not exist for the workload (ENOSYS), so that it falls back instead of failing. The filter is
//! a binary search, about eight comparisons for any call, and takes microseconds to build ([`filter`]).

mod filter;
mod install;
mod policy;

use crate::capability::CapabilitySet;

/// Installs the profile for the calling process and its children; `capabilities` lift some of the refusals.
///
/// # Errors
/// The kernel's: without `no_new_privs` the caller needs CAP_SYS_ADMIN.
pub(crate) fn install(capabilities: CapabilitySet) -> std::io::Result<()> {
    install::install(&filter::build(
        &policy::exceptions(capabilities),
        policy::NEWEST_SYSTEM_CALL,
    ))
}
