//! Which kernel parameters a container may set.
//!
//! Docker allows those of the container's namespaces. The kernel is the container's own here, so that those of memory, files, processes and the
//! scheduler are allowed too: they change nothing for anybody else. What is left out would have the kernel start programs outside of the
//! container, take away what keeps the container's programs in bounds, or is set by another flag.

use crate::error::RequestError;

/// What the names of allowed parameters begin with.
const ALLOWED: [&str; 33] = [
    // Of namespaces, as in Docker.
    "fs.mqueue.",
    "kernel.msg",
    "kernel.sem",
    "kernel.shm",
    "net.",
    // Of the machine.
    "fs.aio-",
    "fs.epoll.",
    "fs.file-max",
    "fs.inotify.",
    "fs.lease",
    "fs.leases-enable",
    "fs.mount-max",
    "fs.pipe-",
    "fs.protected_",
    "kernel.auto_msgmni",
    "kernel.cap_last_cap",
    "kernel.dmesg_restrict",
    "kernel.io_uring_",
    "kernel.keys.",
    "kernel.kptr_restrict",
    "kernel.perf_",
    "kernel.pid_max",
    "kernel.printk",
    "kernel.pty.",
    "kernel.random",
    "kernel.sched_",
    "kernel.threads-max",
    "kernel.timer_",
    "kernel.unprivileged_",
    "kernel.watchdog",
    "kernel.yama.",
    "user.",
    "vm.",
];

/// Checks names and values.
pub(crate) fn check<'a>(sysctls: impl IntoIterator<Item = (&'a String, &'a String)>) -> Result<(), RequestError> {
    for (name, value) in sysctls {
        let is_name = name.split('.').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        });
        let reason = match name.as_str() {
            _ if !is_name => "a dotted name of letters, digits, _ and - is needed",
            "kernel.hostname" | "kernel.domainname" => "a host name is set with --hostname",
            name if ALLOWED.iter().any(|allowed| name.starts_with(allowed)) => {
                if value.is_empty() || value.contains(|c: char| c.is_control()) {
                    "a value on one line is needed"
                } else {
                    continue;
                }
            }
            _ => {
                "it is none of those that a container may set: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*, vm.*, user.*, \
                 and some of fs.* and kernel.*"
            }
        };
        return Err(RequestError::Sysctl {
            name: name.clone(),
            reason,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: &str, value: &str) -> Result<(), RequestError> {
        check([(&name.to_owned(), &value.to_owned())])
    }

    #[test]
    fn parameters_of_the_container_and_its_machine_are_allowed() {
        for name in [
            "net.ipv4.ip_forward",
            "kernel.sem",
            "kernel.shmmax",
            "fs.mqueue.msg_max",
            "vm.max_map_count",
        ] {
            assert_eq!(checked(name, "1 2"), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_would_start_programs_outside_and_what_is_no_name_is_refused() {
        for (name, value, reason) in [
            ("kernel.core_pattern", "|/bin/sh", "none of those"),
            ("kernel.modprobe", "/x", "none of those"),
            ("fs.binfmt_misc.status", "1", "none of those"),
            ("kernel.hostname", "web", "--hostname"),
            ("net/ipv4/ip_forward", "1", "dotted name"),
            ("net..a", "1", "dotted name"),
            ("vm.swappiness", "", "a value"),
            ("vm.swappiness", "1\n2", "a value"),
        ] {
            let error = checked(name, value).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("--sysctl"), "{error}");
        }
    }
}
