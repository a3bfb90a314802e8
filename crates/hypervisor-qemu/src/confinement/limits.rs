//! Resource limits, setrlimit(2).

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files: two descriptors for each of the most disks a machine can have, and room for QEMU's own.
const OPEN_FILES: u64 = 1024;

/// The limits of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Longest file that may result from a write, bytes; `None` is the caller's own limit.
    pub(crate) file_size_bytes: Option<u64>,
}

impl Limits {
    pub(super) fn enforce(self) -> io::Result<()> {
        // A core dump would put the guest's memory on the disk.
        lower(Resource::Core, 0)?;
        lower(Resource::Nofile, OPEN_FILES)?;
        match self.file_size_bytes {
            Some(bytes) => lower(Resource::Fsize, bytes),
            None => Ok(()),
        }
    }
}

/// Sets both limits of `resource` to `limit`, or to what there is if that is less.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
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
