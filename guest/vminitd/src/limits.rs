//! The kernel's limits of the machine. Its defaults are small, some because the machine's memory is. They are raised so that only the
//! memory of the container limits it.

use container_workload::{OPEN_FILES_MAX, raise_own};

/// Largest process number of a 64-bit kernel, `PID_MAX_LIMIT` in `linux/threads.h`.
const PID_MAX: u64 = 4 << 20;

/// Raises the limits that a workload would reach before its memory is used up.
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
