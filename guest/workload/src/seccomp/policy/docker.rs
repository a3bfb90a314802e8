//! The comparison with Docker's default profile, moby/profiles `seccomp/default.json` at 190fa92 (2025), for both architectures.

use std::collections::BTreeMap;

use rustix::thread::CapabilitySet as Flags;
use syscalls::{aarch64, x86_64};

use super::{ARCHITECTURE_RULES, NEWEST_SYSTEM_CALL, NOBODY, RULES};

/// What Docker allows to all, by name.
const ALLOWED: &str = "
    accept accept4 access add_key adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_adjtime clock_getres
    clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
    epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2
    fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork
    fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_robust_list
    get_thread_area getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid
    getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr getxattrat
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioctl
    ioprio_get ioprio_set keyctl kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen
    listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create memfd_secret
    mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap modify_ldt mprotect mq_getsetattr mq_notify mq_open mq_timedreceive
    mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open
    openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2
    prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat
    readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 request_key restart_syscall rmdir rseq
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile
    sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority
    setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack
    signalfd signalfd4 socketpair splice stat statfs statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate
    umask uname unlink unlinkat uretprobe utime utimensat utimes vfork vmsplice wait4 waitid write writev
";

/// What it allows to those with one of some capabilities.
const BY_CAPABILITY: &[(Flags, &str)] = &[
    (Flags::DAC_READ_SEARCH, "open_by_handle_at"),
    (
        Flags::SYS_ADMIN,
        "fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr
         move_mount open_tree quotactl quotactl_fd setdomainname sethostname setns umount2 unshare",
    ),
    (Flags::SYS_ADMIN.union(Flags::BPF), "bpf"),
    (Flags::SYS_ADMIN.union(Flags::PERFMON), "perf_event_open"),
    (Flags::SYS_ADMIN.union(Flags::SYSLOG), "syslog"),
    (Flags::SYS_BOOT, "reboot"),
    (Flags::SYS_CHROOT, "chroot"),
    (Flags::SYS_MODULE, "delete_module finit_module init_module"),
    (Flags::SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    (Flags::SYS_PACCT, "acct"),
    (Flags::SYS_PTRACE, "kcmp pidfd_getfd process_madvise"),
    (Flags::SYS_RAWIO, "ioperm iopl"),
    (Flags::SYS_TIME, "clock_settime settimeofday"),
    (Flags::SYS_TTY_CONFIG, "vhangup"),
];

/// What it allows in part, or with another error: new namespaces for those with CAP_SYS_ADMIN, no vsock, harmless personalities. Tests of the filter
/// say which part.
const IN_PART: &[(Flags, &str)] = &[(Flags::SYS_ADMIN, "clone clone3"), (NOBODY, "personality socket")];

/// What no kernel of ours has, whose ENOSYS is better than EPERM.
const ABSENT: &str =
    "afs_syscall create_module get_kernel_syms getpmsg putpmsg query_module security tuxcall uprobe vserver";

/// Who may make a call: `None` for all, otherwise those with one of these capabilities.
type Allowed = Option<Flags>;

fn dockers(name: &str) -> Allowed {
    let has = |list: &str| list.split_whitespace().any(|listed| listed == name);
    if has(ALLOWED) {
        return None;
    }
    let lifted = BY_CAPABILITY.iter().chain(IN_PART).find(|(_, list)| has(list));
    Some(lifted.map_or(NOBODY, |(capabilities, _)| *capabilities))
}

/// Compares all calls of an architecture that the profile knows.
fn compare(calls: impl Iterator<Item = (u32, &'static str)>, own_name: impl Fn(u32) -> Option<&'static str>) {
    let ours: BTreeMap<&str, Flags> = RULES
        .iter()
        .chain(ARCHITECTURE_RULES)
        .map(|(number, _, lifted_by)| {
            let number = u32::try_from(*number).unwrap();
            let name = own_name(number).unwrap_or_else(|| panic!("{number} is the number of no system call"));
            (name, *lifted_by)
        })
        .collect();
    let mut compared = 0;
    let mut differences = Vec::new();
    for (number, name) in calls.filter(|(number, _)| *number <= NEWEST_SYSTEM_CALL) {
        // The table has names of 32-bit processors, too, whose calls this architecture's kernel lacks.
        let is_absent = ABSENT.split_whitespace().any(|absent| absent == name)
            || name.ends_with("64") && number > 402 && number < 424;
        if is_absent || name == "fstatat" {
            continue;
        }
        compared += 1;
        let (docker, ours) = (dockers(name), ours.get(name).copied());
        if docker != ours {
            differences.push(format!("{name}: Docker {docker:?}, here {ours:?}"));
        }
    }
    assert!(compared > 290, "{compared}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The name of a call of the architecture that the rules were compiled for.
fn own_name(number: u32) -> Option<&'static str> {
    let number = usize::try_from(number).unwrap();
    match cfg!(target_arch = "x86_64") {
        true => x86_64::Sysno::new(number).map(|call| call.name()),
        false => aarch64::Sysno::new(number).map(|call| call.name()),
    }
}

#[test]
fn the_same_calls_are_allowed_as_by_docker_on_arm64() {
    let calls = aarch64::Sysno::iter().map(|call| (u32::try_from(call.id()).unwrap(), call.name()));
    compare(calls, own_name);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_same_calls_are_allowed_as_by_docker_on_x86_64() {
    let calls = x86_64::Sysno::iter().map(|call| (u32::try_from(call.id()).unwrap(), call.name()));
    compare(calls, own_name);
}
