//! System calls that no QEMU of ours needs, denied by a seccomp filter (seccomp(2)) from before its first instruction.
//!
//! QEMU's own filter comes later and lets it make sockets. With every channel handed over, it needs none, and without
//! one it reaches neither the network nor the user's other programs (key agents, session buses, container sockets).
#![expect(unsafe_code, reason = "seccomp(2) has no safe interface")]

use std::io;

use libc::{BPF_JEQ, BPF_JGE, BPF_K, BPF_RET, SECCOMP_RET_ALLOW, c_long, sock_filter};

use super::answers;
use super::instructions::{OFFSET_NUMBER, fail, jump, load, statement};

/// Offset in `struct seccomp_data` of the architecture, bytes.
const OFFSET_ARCHITECTURE: u32 = 4;

/// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64`, linux/audit.h.
const ARCHITECTURE: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else {
    0xc000_00b7
};

/// `__X32_SYSCALL_BIT`, asm/unistd.h: calls from here on are the second set of x86-64's, with the same architecture.
const SECOND_SET: u32 = 0x4000_0000;

/// Denied with EPERM.
const DENIED: [c_long; 43] = [
    // The network and the user's other programs.
    libc::SYS_socket,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // The user's keys.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Large parts of the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    // Another view of the files.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // The whole host, for a user who is root.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
];

/// Absent (ENOSYS), so that QEMU takes its other way: io_uring would open files and sockets past this filter.
const ABSENT: [c_long; 3] = [
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// A filter program.
#[derive(Debug)]
pub(super) struct Filter(Vec<sock_filter>);

impl Filter {
    pub(super) fn new() -> Self {
        Self::without(&[])
    }

    /// A filter that lets `allowed` pass.
    pub(super) fn without(allowed: &[c_long]) -> Self {
        Self::of(allowed, &[])
    }

    /// The filter of a QEMU whose standard input is its memory.
    pub(super) fn with_memory_as_input() -> Self {
        Self::of(&[], &answers::program())
    }

    /// `first` comes before everything else that decides by the call's number.
    fn of(allowed: &[c_long], first: &[sock_filter]) -> Self {
        let mut program = vec![
            load(OFFSET_ARCHITECTURE),
            jump(BPF_JEQ, ARCHITECTURE, 1, 0),
            fail(libc::ENOSYS),
            load(OFFSET_NUMBER),
            jump(BPF_JGE, SECOND_SET, 0, 1),
            fail(libc::ENOSYS),
        ];
        program.extend_from_slice(first);
        for (calls, errno) in [(DENIED.as_slice(), libc::EPERM), (&ABSENT, libc::ENOSYS)] {
            for call in calls.iter().filter(|call| !allowed.contains(call)) {
                // No number of a call is out of range.
                let number = u32::try_from(*call).unwrap_or(u32::MAX);
                program.extend([jump(BPF_JEQ, number, 0, 1), fail(errno)]);
            }
        }
        program.push(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        Self(program)
    }

    /// Takes effect in the calling thread and what it becomes; `no_new_privs` must be set. System calls only.
    pub(super) fn enforce(&self) -> io::Result<()> {
        let program = libc::sock_fprog {
            len: libc::c_ushort::try_from(self.0.len()).unwrap_or(libc::c_ushort::MAX),
            filter: self.0.as_ptr().cast_mut(),
        };
        // SAFETY: the kernel copies `len` instructions from `filter` during the call and does not write to them; the
        // program is a few hundred instructions long, so `len` is its length.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                0_u32,
                &raw const program,
            )
        };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}
