//! The machine's own limits. The kernel derives them from little memory and old habits; here the memory that the
//! container has been given is what bounds it.

use container_workload::{OPEN_FILES_MAX, raise_own};

/// Largest process number of a 64-bit kernel, `PID_MAX_LIMIT` in `linux/threads.h`.
const PID_MAX: u64 = 4 << 20;

/// Raises what would otherwise stop a workload before its memory does.
pub(crate) fn raise() {
    let parameters = [
        ("fs/nr_open", OPEN_FILES_MAX),
        ("fs/file-max", i64::MAX.unsigned_abs()),
        ("kernel/pid_max", PID_MAX),
        ("kernel/threads-max", PID_MAX),
    ];
    for (name, value) in parameters {
        if let Err(error) = std::fs::write(format!("/proc/sys/{name}"), value.to_string()) {
            eprintln!("vminitd: cannot set {name}: {error}");
        }
    }
    if let Err(error) = raise_own() {
        eprintln!("vminitd: cannot raise the number of open files: {error}");
    }
}
