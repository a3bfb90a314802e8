//! The container's control group (cgroup v2), cgroups.rst in the kernel's documentation.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkdir, openat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::device_policy;
use crate::signal::send_signal;
use crate::spec::Limits;

/// Controllers that the container's cgroup has; the kernel may lack some.
const CONTROLLERS: [&str; 4] = ["+cpu", "+memory", "+pids", "+io"];

/// Period of the CPU quota: the kernel's default.
const CPU_PERIOD_US: u64 = 100_000;

/// A control file that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}")]
pub struct CgroupError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// One cgroup; removed by [`Cgroup::remove`], not by dropping.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
    directory: OwnedFd,
}

impl Cgroup {
    /// Makes the cgroup `name` below the mounted tree `hierarchy`, sets its limits and restricts its access to
    /// devices.
    ///
    /// # Errors
    /// The control file that refused.
    pub fn create(hierarchy: &Path, name: &str, limits: Limits) -> Result<Self, CgroupError> {
        let control = hierarchy.join("cgroup.subtree_control");
        if std::fs::write(&control, CONTROLLERS.join(" ")).is_err() {
            for controller in CONTROLLERS {
                // Each controller is enabled by itself, so that the others work where the kernel lacks one. Setting a limit that needs
                // a missing controller fails below.
                let _ = std::fs::write(&control, controller);
            }
        }
        let path = hierarchy.join(name);
        let fail = |action| {
            let path = path.clone();
            move |source: io::Error| CgroupError { action, path, source }
        };
        match mkdir(&path, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(fail("make")(errno.into())),
        }
        let directory = openat(CWD, &path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| fail("open")(errno.into()))?;
        device_policy::restrict(directory.as_fd()).map_err(fail("restrict the devices of"))?;
        let cgroup = Self { path, directory };
        if let Some(bytes) = limits.memory_bytes {
            cgroup.write("memory.max", &bytes.to_string())?;
        }
        if let Some(quota_us) = limits.cpu_quota_us {
            cgroup.write("cpu.max", &format!("{quota_us} {CPU_PERIOD_US}"))?;
        }
        Ok(cgroup)
    }

    fn write(&self, file: &str, value: &str) -> Result<(), CgroupError> {
        let path = self.path.join(file);
        std::fs::write(&path, value).map_err(|source| CgroupError {
            action: "write",
            path,
            source,
        })
    }

    pub(crate) fn directory(&self) -> &OwnedFd {
        &self.directory
    }

    /// Kills every process in the cgroup, those just being forked included.
    ///
    /// # Errors
    /// The control file that refused.
    pub fn kill(&self) -> Result<(), CgroupError> {
        self.write("cgroup.kill", "1")
    }

    /// Sends `signal` to every process that is in the cgroup now.
    ///
    /// # Errors
    /// The list could not be read, or the number is not a signal. A process that ends meanwhile is not an error.
    pub fn signal(&self, signal: u32) -> Result<(), CgroupError> {
        let path = self.path.join("cgroup.procs");
        let list = std::fs::read_to_string(&path).map_err(|source| CgroupError {
            action: "read",
            path: path.clone(),
            source,
        })?;
        for pid in list
            .lines()
            .filter_map(|line| line.parse().ok())
            .filter_map(Pid::from_raw)
        {
            let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            match send_signal(pidfd.as_fd(), signal) {
                Err(source) if source.kind() == io::ErrorKind::InvalidInput => {
                    return Err(CgroupError {
                        action: "signal the processes of",
                        path,
                        source,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How many processes of the cgroup the kernel has killed for lack of memory; zero when the number cannot be read.
    pub fn oom_kill_count(&self) -> u64 {
        std::fs::read_to_string(self.path.join("memory.events")).map_or(0, |events| oom_kills(&events))
    }

    /// Removes the cgroup, which must be empty.
    ///
    /// # Errors
    /// The kernel's reason.
    pub fn remove(&self) -> Result<(), CgroupError> {
        std::fs::remove_dir(&self.path).map_err(|source| CgroupError {
            action: "remove",
            path: self.path.clone(),
            source,
        })
    }
}

fn oom_kills(events: &str) -> u64 {
    events
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oom_kills_are_read_from_memory_events() {
        assert_eq!(
            oom_kills("low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 1\n"),
            3
        );
        assert_eq!(oom_kills("low 0\n"), 0);
        assert_eq!(oom_kills("oom_kill many\n"), 0);
    }
}
