//! Changing the limits of a container that runs.

use super::{Cgroup, CgroupError};
use crate::spec::ControlFile;

/// The hard limit of the memory.
const MEMORY_MAX: &str = "memory.max";
/// The limit beyond which the kernel reclaims memory and kills nobody.
const MEMORY_HIGH: &str = "memory.high";

/// So much is reclaimed by one write, bytes: the kernel does it at once, and the caller does nothing else meanwhile.
const RECLAIM_STEP_BYTES: u64 = 16 << 20;

const MIB: u64 = 1 << 20;

/// Limits that were not changed.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    /// The kernel would have to kill for it.
    #[error(
        "the container uses {} MiB of memory, which is more than {} MiB, and its programs would be killed",
        used_bytes.div_ceil(MIB),
        limit_bytes / MIB
    )]
    MemoryInUse {
        /// What it uses and cannot do without.
        used_bytes: u64,
        /// What it was to have.
        limit_bytes: u64,
    },
    /// A control file.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

impl Cgroup {
    /// Writes the files in their order. When one is refused, those before it get back what was in them.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn change_limits(&self, files: &[ControlFile]) -> Result<(), LimitsError> {
        let mut before = Vec::with_capacity(files.len());
        let is_there = |file: &&ControlFile| !file.optional || self.path.join(&file.name).exists();
        for file in files.iter().filter(is_there) {
            let changed = self.read(&file.name).map_err(LimitsError::from).and_then(|old| {
                let limit_bytes = file.value.parse().ok().filter(|_| file.name == MEMORY_MAX);
                match limit_bytes {
                    Some(limit_bytes) => self.limit_memory(limit_bytes)?,
                    None => self.write(&file.name, written(&file.value))?,
                }
                Ok(old)
            });
            match changed {
                Ok(old) => before.push((file.name.as_str(), old)),
                Err(error) => {
                    for (name, old) in before.iter().rev() {
                        // The kernel had it before.
                        let _ = self.write(name, written(old.trim()));
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Reclaims a part of the memory that is in use beyond `limit_bytes`. Returns whether more can be reclaimed.
    pub fn reclaim_beyond(&self, limit_bytes: u64) -> bool {
        let excess_bytes = self
            .used_bytes()
            .map_or(0, |used_bytes| used_bytes.saturating_sub(limit_bytes));
        let step_bytes = excess_bytes.min(RECLAIM_STEP_BYTES);
        // It fails where less could be reclaimed. Kernels before 5.19 have no such file.
        step_bytes > 0 && self.write("memory.reclaim", &step_bytes.to_string()).is_ok() && excess_bytes > step_bytes
    }

    /// The soft limit is lowered first: it has the kernel reclaim what it can, keeps the programs from taking more meanwhile, and kills nobody.
    fn limit_memory(&self, limit_bytes: u64) -> Result<(), LimitsError> {
        let high = self.read(MEMORY_HIGH)?;
        let value = limit_bytes.to_string();
        self.write(MEMORY_HIGH, &value)?;
        let limited = self.used_bytes().map_err(LimitsError::from).and_then(|used_bytes| {
            if used_bytes > limit_bytes {
                return Err(LimitsError::MemoryInUse {
                    used_bytes,
                    limit_bytes,
                });
            }
            Ok(self.write(MEMORY_MAX, &value)?)
        });
        // The kernel had it before.
        let _ = self.write(MEMORY_HIGH, high.trim());
        limited
    }

    fn used_bytes(&self) -> Result<u64, CgroupError> {
        let used = self.read("memory.current")?;
        Ok(used.trim().parse().unwrap_or(0))
    }
}

/// What is written for a value. A write of nothing would be none at all.
fn written(value: &str) -> &str {
    match value {
        "" => "\n",
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn group(directory: &Path) -> Cgroup {
        for (name, value) in [
            ("memory.max", "max\n"),
            ("memory.high", "max\n"),
            ("memory.current", "314572800\n"),
            ("pids.max", "max\n"),
            ("cpuset.cpus", "\n"),
        ] {
            fs::write(directory.join(name), value).unwrap();
        }
        Cgroup::open(directory.to_owned()).unwrap()
    }

    fn file(name: &str, value: &str) -> ControlFile {
        ControlFile {
            name: name.to_owned(),
            value: value.to_owned(),
            optional: name == "io.weight",
        }
    }

    fn read(directory: &Path, name: &str) -> String {
        fs::read_to_string(directory.join(name)).unwrap().trim().to_owned()
    }

    #[test]
    fn limits_are_written_and_what_a_kernel_lacks_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = group(directory.path());
        let files = [
            file("memory.max", "419430400"),
            file("pids.max", "64"),
            file("io.weight", "5"),
            file("cpuset.cpus", "0"),
        ];
        cgroup.change_limits(&files).unwrap();
        for (name, value) in [
            ("memory.max", "419430400"),
            ("memory.high", "max"),
            ("pids.max", "64"),
            ("cpuset.cpus", "0"),
        ] {
            assert_eq!(read(directory.path(), name), value, "{name}");
        }
        assert!(!directory.path().join("io.weight").exists());
        cgroup.change_limits(&[file("cpuset.cpus", "")]).unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("cpuset.cpus")).unwrap(), "\n");
        cgroup.change_limits(&[file("memory.max", "max")]).unwrap();
        assert_eq!(read(directory.path(), "memory.max"), "max");
    }

    #[test]
    fn one_that_is_refused_takes_those_before_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = group(directory.path());
        let files = [
            file("cpuset.cpus", "0"),
            file("pids.max", "64"),
            file("cpu.weight", "7"),
        ];
        let error = cgroup.change_limits(&files).unwrap_err().to_string();
        assert!(error.contains("cpu.weight"), "{error}");
        assert_eq!(read(directory.path(), "pids.max"), "max");
        assert_eq!(fs::read_to_string(directory.path().join("cpuset.cpus")).unwrap(), "\n");
    }

    #[test]
    fn a_limit_below_what_is_in_use_is_refused_with_both() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = group(directory.path());
        let files = [file("pids.max", "64"), file("memory.max", "209715200")];
        let error = cgroup.change_limits(&files).unwrap_err().to_string();
        assert!(
            error.contains("uses 300 MiB") && error.contains("than 200 MiB"),
            "{error}"
        );
        for name in ["memory.max", "memory.high", "pids.max"] {
            assert_eq!(read(directory.path(), name), "max", "{name}");
        }
    }

    #[test]
    fn memory_is_reclaimed_step_by_step() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = group(directory.path());
        assert!(cgroup.reclaim_beyond(200 << 20));
        assert_eq!(read(directory.path(), "memory.reclaim"), RECLAIM_STEP_BYTES.to_string());
        // The last step.
        assert!(!cgroup.reclaim_beyond((300 << 20) - 4096));
        assert_eq!(read(directory.path(), "memory.reclaim"), "4096");
        assert!(!cgroup.reclaim_beyond(300 << 20));
    }
}
