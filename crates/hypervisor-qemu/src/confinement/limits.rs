//! Resource limits, setrlimit(2).

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files of QEMU: two descriptors for each of the most disks a machine can have, and room for its own.
const QEMU_OPEN_FILES: u64 = 1024;

/// The limits of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Longest file that may result from a write, bytes; `None` is the caller's own limit.
    pub(crate) file_size_bytes: Option<u64>,
    /// How many files it may have open, as far as the caller's own limit lets it.
    pub(crate) open_files: u64,
}

impl Limits {
    /// Those of a QEMU whose largest file may have so many bytes.
    pub(crate) fn of_qemu(file_size_bytes: Option<u64>) -> Self {
        Self {
            file_size_bytes,
            open_files: QEMU_OPEN_FILES,
        }
    }
}

impl Limits {
    pub(super) fn enforce(self) -> io::Result<()> {
        // A core dump would put the guest's memory on the disk.
        set(Resource::Core, 0)?;
        set(Resource::Nofile, self.open_files)?;
        match self.file_size_bytes {
            Some(bytes) => set(Resource::Fsize, bytes),
            None => Ok(()),
        }
    }
}

/// Sets both limits of `resource` to `limit`, or to what there is if that is less.
fn set(resource: Resource, limit: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Some(limit.min(hard));
    Ok(setrlimit(
        resource,
        Rlimit {
            current: limit,
            maximum: limit,
        },
    )?)
}
