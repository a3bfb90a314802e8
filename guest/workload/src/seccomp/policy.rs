//! The system calls that the default profile refuses, and the capabilities that allow them: what Docker's default profile allows is allowed
//! (moby/profiles `seccomp/default.json` of 2025), which a test compares call by call.

use rustix::thread::CapabilitySet as Flags;

use crate::capability::CapabilitySet;

/// Newest system call that the profile knows: removexattrat(2) of Linux 6.13. Later numbers fail with ENOSYS.
pub(super) const NEWEST_SYSTEM_CALL: u32 = 466;

/// What happens to a listed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Fails with this error number.
    Errno(u16),
    /// Fails with EPERM when the low half of argument `index` has a bit of `mask`.
    EpermIfBits { index: u32, mask: u32 },
    /// Fails with this error number when the low half of argument `index` is `value`.
    ErrnoIfEqual { index: u32, value: u32, errno: u16 },
    /// Fails with EPERM unless the low half of argument `index` is one of `values`.
    EpermUnlessOneOf { index: u32, values: &'static [u32] },
}

const EPERM: Verdict = Verdict::Errno(libc::EPERM.unsigned_abs() as u16);
const ENOSYS: Verdict = Verdict::Errno(libc::ENOSYS.unsigned_abs() as u16);

/// New namespaces through clone(2); its flags are the first argument on both architectures.
const NAMESPACE_FLAGS: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET)
    .unsigned_abs();

/// personality(2) arguments that are harmless: PER_LINUX, PER_LINUX32, both with UNAME26, and the query.
const PERSONALITIES: &[u32] = &[0, 0x0008, 0x2_0000, 0x2_0008, u32::MAX];

/// vsock, the agent's socket family: a workload must not reach the host through it.
const VSOCK: Verdict = Verdict::ErrnoIfEqual {
    index: 0,
    value: libc::AF_VSOCK.unsigned_abs(),
    errno: libc::EAFNOSUPPORT.unsigned_abs() as u16,
};

/// A call, its verdict, and the capabilities of which any one allows it, which `oci-spec`'s `LinuxSyscall` cannot say.
type Rule = (libc::c_long, Verdict, Flags);

const NOBODY: Flags = Flags::empty();

/// kexec_file_load(2); libc lacks the number for arm64 with musl, `asm-generic/unistd.h`.
const KEXEC_FILE_LOAD: libc::c_long = if cfg!(target_arch = "x86_64") { 320 } else { 294 };

/// The calls of Linux 6.8 about security modules; libc lacks their numbers, which are the same on all architectures.
const LSM_GET_SELF_ATTR: libc::c_long = 459;
const LSM_SET_SELF_ATTR: libc::c_long = 460;
const LSM_LIST_MODULES: libc::c_long = 461;

/// Rules of every architecture.
const RULES: &[Rule] = &[
    (libc::SYS_acct, EPERM, Flags::SYS_PACCT),
    (libc::SYS_bpf, EPERM, Flags::SYS_ADMIN.union(Flags::BPF)),
    (libc::SYS_chroot, EPERM, Flags::SYS_CHROOT),
    (libc::SYS_clock_settime, EPERM, Flags::SYS_TIME),
    (
        libc::SYS_clone,
        Verdict::EpermIfBits {
            index: 0,
            mask: NAMESPACE_FLAGS,
        },
        Flags::SYS_ADMIN,
    ),
    // Its flags are behind a pointer, which a filter cannot read; libraries fall back to clone(2).
    (libc::SYS_clone3, ENOSYS, Flags::SYS_ADMIN),
    (libc::SYS_delete_module, EPERM, Flags::SYS_MODULE),
    (libc::SYS_fanotify_init, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_finit_module, EPERM, Flags::SYS_MODULE),
    (libc::SYS_fsconfig, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_fsmount, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_fsopen, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_fspick, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_get_mempolicy, EPERM, Flags::SYS_NICE),
    (libc::SYS_init_module, EPERM, Flags::SYS_MODULE),
    (libc::SYS_io_uring_enter, EPERM, NOBODY),
    (libc::SYS_io_uring_register, EPERM, NOBODY),
    (libc::SYS_io_uring_setup, EPERM, NOBODY),
    (libc::SYS_kcmp, EPERM, Flags::SYS_PTRACE),
    (KEXEC_FILE_LOAD, EPERM, NOBODY),
    (libc::SYS_kexec_load, EPERM, NOBODY),
    (libc::SYS_lookup_dcookie, EPERM, Flags::SYS_ADMIN),
    (LSM_GET_SELF_ATTR, EPERM, Flags::SYS_ADMIN),
    (LSM_LIST_MODULES, EPERM, Flags::SYS_ADMIN),
    (LSM_SET_SELF_ATTR, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_mbind, EPERM, Flags::SYS_NICE),
    (libc::SYS_migrate_pages, EPERM, NOBODY),
    (libc::SYS_mount, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_mount_setattr, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_move_mount, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_move_pages, EPERM, NOBODY),
    (libc::SYS_nfsservctl, EPERM, NOBODY),
    (libc::SYS_open_by_handle_at, EPERM, Flags::DAC_READ_SEARCH),
    (libc::SYS_open_tree, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_perf_event_open, EPERM, Flags::SYS_ADMIN.union(Flags::PERFMON)),
    (
        libc::SYS_personality,
        Verdict::EpermUnlessOneOf {
            index: 0,
            values: PERSONALITIES,
        },
        NOBODY,
    ),
    (libc::SYS_pidfd_getfd, EPERM, Flags::SYS_PTRACE),
    (libc::SYS_pivot_root, EPERM, NOBODY),
    (libc::SYS_process_madvise, EPERM, Flags::SYS_PTRACE),
    (libc::SYS_quotactl, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_quotactl_fd, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_reboot, EPERM, Flags::SYS_BOOT),
    (libc::SYS_set_mempolicy, EPERM, Flags::SYS_NICE),
    (libc::SYS_set_mempolicy_home_node, EPERM, Flags::SYS_NICE),
    (libc::SYS_setdomainname, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_sethostname, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_setns, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_settimeofday, EPERM, Flags::SYS_TIME),
    (libc::SYS_socket, VSOCK, NOBODY),
    (libc::SYS_swapoff, EPERM, NOBODY),
    (libc::SYS_swapon, EPERM, NOBODY),
    (libc::SYS_syslog, EPERM, Flags::SYS_ADMIN.union(Flags::SYSLOG)),
    (libc::SYS_umount2, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_unshare, EPERM, Flags::SYS_ADMIN),
    (libc::SYS_userfaultfd, EPERM, NOBODY),
    (libc::SYS_vhangup, EPERM, Flags::SYS_TTY_CONFIG),
];

/// Rules for calls that only x86-64 has.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE_RULES: &[Rule] = &[
    (libc::SYS__sysctl, EPERM, NOBODY),
    (libc::SYS_ioperm, EPERM, Flags::SYS_RAWIO),
    (libc::SYS_iopl, EPERM, Flags::SYS_RAWIO),
    (libc::SYS_sysfs, EPERM, NOBODY),
    (libc::SYS_uselib, EPERM, NOBODY),
    (libc::SYS_ustat, EPERM, NOBODY),
];

#[cfg(not(target_arch = "x86_64"))]
const ARCHITECTURE_RULES: &[Rule] = &[];

/// The calls that are refused, entirely or in part, to a process with `capabilities`, by ascending number.
pub(super) fn exceptions(capabilities: CapabilitySet) -> Vec<(u32, Verdict)> {
    let mut exceptions: Vec<(u32, Verdict)> = RULES
        .iter()
        .chain(ARCHITECTURE_RULES)
        .filter(|(_, _, lifted_by)| !capabilities.intersects(CapabilitySet::of(*lifted_by)))
        .filter_map(|(number, verdict, _)| Some((u32::try_from(*number).ok()?, *verdict)))
        .collect();
    exceptions.sort_unstable_by_key(|(number, _)| *number);
    exceptions
}

#[cfg(test)]
mod docker;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_known() {
        let exceptions = exceptions(CapabilitySet::default());
        assert!(exceptions.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(exceptions.iter().all(|(number, _)| *number <= NEWEST_SYSTEM_CALL));
    }

    #[test]
    fn a_capability_lifts_its_rules() {
        let mount = u32::try_from(libc::SYS_mount).unwrap();
        let has = |set| exceptions(set).iter().any(|(number, _)| *number == mount);
        assert!(has(CapabilitySet::default()));
        assert!(!has(CapabilitySet::of(Flags::SYS_ADMIN)));
    }
}
