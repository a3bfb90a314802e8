//! The container's control group (cgroup v2), cgroups.rst in the kernel's documentation.

mod change;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkdir, openat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::device_policy::{self, Rule};
use crate::signal::send_signal;
use crate::spec::{ControlFile, Limits};

pub use change::LimitsError;

/// Controllers that the container's cgroup has; the kernel may lack some.
const CONTROLLERS: [&str; 5] = ["+cpu", "+memory", "+pids", "+io", "+cpuset"];

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
    /// Makes the cgroup `name` below the mounted tree `hierarchy`, sets its limits and, unless there are none, the rules about the devices that
    /// may be opened.
    ///
    /// # Errors
    /// The control file that refused.
    pub(crate) fn create(
        hierarchy: &Path,
        name: &str,
        limits: Limits,
        files: &[ControlFile],
        devices: Option<&[Rule]>,
    ) -> Result<Self, CgroupError> {
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
        if let Some(rules) = devices {
            device_policy::restrict(directory.as_fd(), rules).map_err(fail("restrict the devices of"))?;
        }
        let cgroup = Self { path, directory };
        cgroup.set_limits(Limits::default(), limits)?;
        for file in files {
            cgroup.set(file)?;
        }
        Ok(cgroup)
    }

    /// Sets the limits that are not as they were.
    ///
    /// # Errors
    /// The control file that refused.
    pub(crate) fn set_limits(&self, old: Limits, new: Limits) -> Result<(), CgroupError> {
        let value = |limit: Option<u64>| limit.map_or_else(|| "max".to_owned(), |limit| limit.to_string());
        if new.memory_bytes != old.memory_bytes {
            self.write("memory.max", &value(new.memory_bytes))?;
        }
        if new.cpu_quota_us != old.cpu_quota_us {
            self.write("cpu.max", &format!("{} {CPU_PERIOD_US}", value(new.cpu_quota_us)))?;
        }
        Ok(())
    }

    fn set(&self, file: &ControlFile) -> Result<(), CgroupError> {
        if file.optional && !self.path.join(&file.name).exists() {
            return Ok(());
        }
        self.write(&file.name, &file.value)
    }

    pub(crate) fn read(&self, file: &str) -> Result<String, CgroupError> {
        let path = self.path.join(file);
        std::fs::read_to_string(&path).map_err(|source| CgroupError {
            action: "read",
            path,
            source,
        })
    }

    fn write(&self, file: &str, value: &str) -> Result<(), CgroupError> {
        let path = self.path.join(file);
        std::fs::write(&path, value).map_err(|source| CgroupError {
            action: "write",
            path,
            source,
        })
    }

    /// The cgroup whose files are in the directory `path`.
    #[cfg(test)]
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let directory = openat(CWD, &path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { path, directory })
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

    /// Has every process in the cgroup stop where it is, or go on. That takes a moment: [`Cgroup::is_frozen`] tells.
    ///
    /// # Errors
    /// The control file that refused.
    pub fn set_frozen(&self, frozen: bool) -> Result<(), CgroupError> {
        self.write("cgroup.freeze", if frozen { "1" } else { "0" })
    }

    /// Whether all processes in the cgroup have stopped where they are.
    ///
    /// # Errors
    /// The control file that cannot be read.
    pub fn is_frozen(&self) -> Result<bool, CgroupError> {
        let events = self.read("cgroup.events")?;
        Ok(events.lines().any(|line| line == "frozen 1"))
    }

    /// Sends `signal` to every process that is in the cgroup now.
    ///
    /// # Errors
    /// The list could not be read, or the number is not a signal. A process that ends meanwhile is not an error.
    pub fn signal(&self, signal: u32) -> Result<(), CgroupError> {
        let processes = self.processes()?.into_iter();
        for pid in processes.filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            match send_signal(pidfd.as_fd(), signal) {
                Err(source) if source.kind() == io::ErrorKind::InvalidInput => {
                    return Err(CgroupError {
                        action: "signal the processes of",
                        path: self.path.clone(),
                        source,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The processes that are in the cgroup now, in the caller's pid namespace.
    ///
    /// # Errors
    /// The list that cannot be read.
    pub(crate) fn processes(&self) -> Result<Vec<u32>, CgroupError> {
        let list = self.read("cgroup.procs")?;
        Ok(list.lines().filter_map(|line| line.parse().ok()).collect())
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
    fn only_limits_that_change_are_written() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = Cgroup::open(directory.path().to_owned()).unwrap();
        let read = |file: &str| std::fs::read_to_string(directory.path().join(file)).ok();
        let some = Limits {
            memory_bytes: Some(4096),
            cpu_quota_us: Some(50_000),
        };
        cgroup.set_limits(some, some).unwrap();
        assert_eq!((read("memory.max"), read("cpu.max")), (None, None));
        cgroup.set_limits(Limits::default(), some).unwrap();
        assert_eq!(read("memory.max").unwrap(), "4096");
        assert_eq!(read("cpu.max").unwrap(), "50000 100000");
        std::fs::remove_file(directory.path().join("cpu.max")).unwrap();
        let memory_only = Limits {
            cpu_quota_us: None,
            ..some
        };
        cgroup.set_limits(some, memory_only).unwrap();
        assert_eq!(read("cpu.max").unwrap(), "max 100000");
    }

    #[test]
    fn processes_stand_still_once_the_kernel_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = Cgroup::open(directory.path().to_owned()).unwrap();
        let file = |name: &str| directory.path().join(name);
        assert!(cgroup.is_frozen().is_err());
        cgroup.set_frozen(true).unwrap();
        assert_eq!(std::fs::read_to_string(file("cgroup.freeze")).unwrap(), "1");
        for (events, is_frozen) in [("populated 1\nfrozen 0\n", false), ("populated 1\nfrozen 1\n", true)] {
            std::fs::write(file("cgroup.events"), events).unwrap();
            assert_eq!(cgroup.is_frozen().unwrap(), is_frozen);
        }
        cgroup.set_frozen(false).unwrap();
        assert_eq!(std::fs::read_to_string(file("cgroup.freeze")).unwrap(), "0");
    }

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
