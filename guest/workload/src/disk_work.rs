//! Work on the file systems of the container's disks that may take long: a process of its own does it, so that its caller, which has
//! one thread, goes on.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{CWD, Mode, OFlags, openat, syncfs};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::container::Container;
use crate::file_system_ioctl::{freeze, thaw, trim};
use crate::fork::fork_worker;

/// Has the kernel forget what it has cached of files: a word for their pages, but for those that have to be written first, proc_sys_vm(5).
const DROP_CACHES: (&str, &str) = ("/proc/sys/vm/drop_caches", "1");

/// Begins the line of a report that tells of a failure.
const FAILURE: char = '!';

/// A process that works on the container's disks. It must be waited for in any case.
#[derive(Debug)]
pub struct DiskWork {
    /// Readable once it has exited.
    pub pidfd: OwnedFd,
    /// What has been done, for [`done_bytes`].
    pub report: OwnedFd,
}

/// Disks that a [`DiskWork`] freezes. They are written to again when this is dropped, which needs nothing that may be lacking then.
#[derive(Debug)]
#[must_use = "disks stay frozen only as long as this lives"]
pub struct Frozen(Vec<OwnedFd>);

impl Drop for Frozen {
    fn drop(&mut self) {
        for disk in &self.0 {
            if let Err(error) = thaw(disk) {
                eprintln!("vminitd: cannot thaw a disk: {error}");
            }
        }
    }
}

/// What a [`DiskWork`] has done: bytes for each file system, in the order of the disks.
///
/// # Errors
/// Why it has not done all of it.
pub fn done_bytes(report: &[u8]) -> Result<Vec<u64>, String> {
    let text = String::from_utf8_lossy(report);
    text.lines()
        .map(|line| match line.strip_prefix(FAILURE) {
            Some(failure) => Err(failure.to_owned()),
            None => line.parse().map_err(|_| "the report is cut off".to_owned()),
        })
        .collect()
}

impl Container {
    /// Starts to give free blocks back to the host: of the container's own disk unless its root is read-only, then of the disks of volumes
    /// that are not. The host also gets the memory in which files are cached.
    ///
    /// # Errors
    /// Of the fork.
    pub fn start_trim(&self) -> io::Result<DiskWork> {
        let own = (!self.spec.read_only_root).then(|| self.layout.writable());
        let places = own.into_iter().chain(self.writable_volumes()).collect();
        start(places, |directory| {
            // What was deleted becomes free when the journal is written.
            syncfs(directory)?;
            let trimmed_bytes = trim(directory)?;
            // The disk is what was asked about.
            let _ = fs::write(DROP_CACHES.0, DROP_CACHES.1);
            Ok(trimmed_bytes)
        })
    }

    /// Starts to flush all disks that can be written to, and to keep them from being written to until the first of what is returned is dropped. That has
    /// to follow the end of the work.
    ///
    /// # Errors
    /// Of the fork, or when a disk cannot be reached; none is frozen then.
    pub fn start_freeze(&self) -> io::Result<(Frozen, DiskWork)> {
        let places: Vec<PathBuf> = self.writable_places().collect();
        let frozen = places.iter().map(open).collect::<Result<_, _>>()?;
        let work = start(places, |directory| {
            // Most of the data, while others can go on writing.
            syncfs(directory)?;
            freeze(directory).map(|()| 0)
        })?;
        Ok((Frozen(frozen), work))
    }

    /// The container's own disk, and those of volumes that can be written to before it.
    pub(crate) fn writable_places(&self) -> impl Iterator<Item = PathBuf> {
        self.writable_volumes().chain([self.layout.writable()])
    }

    fn writable_volumes(&self) -> impl Iterator<Item = PathBuf> {
        let disks = self.spec.volumes.iter().enumerate();
        let writable = disks.filter(|(_, disk)| !disk.read_only);
        writable.map(|(index, _)| self.layout.volume(index))
    }
}

/// Forks a process that does `work` in each of `places`, up to the first failure.
pub(crate) fn start(places: Vec<PathBuf>, work: impl Fn(&OwnedFd) -> Result<u64, Errno>) -> io::Result<DiskWork> {
    let (report, written) = pipe_with(PipeFlags::CLOEXEC)?;
    let forked = fork_worker(None, &[written.as_fd()], || {
        for place in places {
            let (line, is_done) = match open(&place).and_then(|directory| work(&directory)) {
                Ok(bytes) => (format!("{bytes}\n"), true),
                Err(error) => (format!("{FAILURE}{}: {error}\n", place.display()), false),
            };
            if rustix::io::write(&written, line.as_bytes()).is_err() || !is_done {
                return 1;
            }
        }
        0
    })?;
    Ok(DiskWork {
        pidfd: forked.pidfd,
        report,
    })
}

fn open(place: &PathBuf) -> Result<OwnedFd, Errno> {
    openat(CWD, place, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_number_for_each_file_system_or_the_failure() {
        assert_eq!(done_bytes(b"0\n4096\n"), Ok(vec![0, 4096]));
        assert_eq!(done_bytes(b""), Ok(vec![]));
        assert_eq!(done_bytes(b"7\n!/x: no room\n"), Err("/x: no room".to_owned()));
        assert!(done_bytes(b"7\nx").is_err());
    }
}
