//! Capabilities by name, and setting those of a process.

use rustix::thread::{
    CapabilitySet as KernelSet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
    set_keep_capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use crate::failure::StartFailure;
use crate::identity::Identity;

/// Names in the order of their numbers, capabilities(7).
const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// A set of capabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CapabilitySet(u64);

/// There is no capability of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown capability \"{0}\"")]
pub struct UnknownCapability(pub String);

impl CapabilitySet {
    /// The set of the named capabilities ("CAP_CHOWN").
    ///
    /// # Errors
    /// [`UnknownCapability`] with the first name that this kernel does not have.
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Result<Self, UnknownCapability> {
        let mut bits = 0;
        for name in names {
            let name = name.as_ref();
            let number = NAMES
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| UnknownCapability(name.to_owned()))?;
            bits |= 1 << number;
        }
        Ok(Self(bits))
    }

    /// The set with the capabilities of these kernel flags.
    pub(crate) const fn of(flags: KernelSet) -> Self {
        Self(flags.bits())
    }

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Turns the calling process into `identity` with `set` as bounding set.
///
/// Root gets `set` as permitted and effective sets, any other user none. The kernel's rules for execve(2) result in the same sets, so
/// that the steps before it have the program's rights. The inheritable and ambient sets stay empty, as with Docker, so that no
/// capability of a file can be gained by inheritance.
///
/// # Errors
/// The step that the kernel refused.
pub(crate) fn become_identity(identity: &Identity, set: CapabilitySet) -> Result<(), StartFailure> {
    for (number, name) in NAMES.iter().enumerate() {
        if set.0 & (1 << number) == 0 {
            remove_capability_from_bounding_set(KernelSet::from_bits_retain(1 << number))
                .map_err(|error| StartFailure::setup(format_args!("drop {name}"), error))?;
        }
    }
    // Without this, giving up uid 0 would drop the permitted set before `capset` below could choose what to keep.
    set_keep_capabilities(true).map_err(|error| StartFailure::setup("keep capabilities", error))?;
    set_thread_groups(&identity.groups).map_err(|error| StartFailure::setup("set supplementary groups", error))?;
    set_thread_res_gid(identity.gid, identity.gid, identity.gid)
        .map_err(|error| StartFailure::setup("set the group", error))?;
    set_thread_res_uid(identity.uid, identity.uid, identity.uid)
        .map_err(|error| StartFailure::setup("set the user", error))?;
    let kept = if identity.uid.is_root() {
        KernelSet::from_bits_retain(set.0)
    } else {
        KernelSet::empty()
    };
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: KernelSet::empty(),
        },
    )
    .map_err(|error| StartFailure::setup("set capabilities", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_kernels_numbers() {
        let set = CapabilitySet::from_names(&["CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"]).unwrap();
        let expected = KernelSet::CHOWN | KernelSet::SYS_ADMIN | KernelSet::CHECKPOINT_RESTORE;
        assert_eq!(set, CapabilitySet::of(expected));
    }

    #[test]
    fn unknown_name_is_reported() {
        assert_eq!(
            CapabilitySet::from_names(&["CAP_FLY"]).unwrap_err(),
            UnknownCapability("CAP_FLY".into())
        );
    }
}
