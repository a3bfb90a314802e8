//! The container's files, as it sees them: its mounts, volumes and shares included.
//!
//! A forked process does the work from within the container's mount namespace, whose root is then its own, so that no link leads anywhere else. It is in
//! the container's control group, which limits and kills it, and in the machine's pid namespace, where the container cannot reach it.

mod child;
mod report;
mod resolve;

use std::os::fd::{AsFd, OwnedFd};

use container_tree::Owners;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::container::Container;
use crate::failure::StartFailure;
use crate::fork::{Forked, fork_worker};
use crate::step::StepError;

pub use report::{FileStatus, FilesOutcome};

/// Bytes of a stream that may wait in the kernel, as much as a pipe may have by default, pipe(7).
const PIPE_BYTES: usize = 1 << 20;

/// What is to be done with files. Paths are any bytes but NUL, and lead from the container's root.
#[derive(Debug, Clone)]
pub enum FilesJob {
    /// Say what is there.
    Stat {
        /// Where.
        path: Vec<u8>,
        /// Whether a link at the end is followed.
        follow: bool,
    },
    /// Make an archive of a file or a tree.
    Read {
        /// Where.
        path: Vec<u8>,
        /// Whether a link at the end is followed.
        follow: bool,
        /// Its name in the archive; empty for the content of a directory.
        called: Vec<u8>,
    },
    /// Make files of an archive.
    Write {
        /// In which directory.
        directory: Vec<u8>,
        /// To whom they are to belong; nothing for the archive's owners.
        owner: Option<(u32, u32)>,
    },
}

/// A forked process that works on files.
#[derive(Debug)]
pub struct FilesProcess {
    /// Readable once it has exited; must be waited for in any case.
    pub pidfd: OwnedFd,
    /// The caller's end of the archive: to be read, or to be written and closed.
    pub stream: OwnedFd,
    /// Ends with the process, and holds what [`FilesOutcome::decode`] reads.
    pub report: OwnedFd,
}

/// What an archive is that becomes files outside of what a container sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveUse {
    /// A layer of an image, on top of what a container for steps has. [`Container::seal_step`] or [`Container::discard_step`] is to follow its end.
    Layer,
    /// A tree for the mounts of the next step, with this number.
    Tree(u32),
}

impl Container {
    /// Forks a process for `job`.
    ///
    /// # Errors
    /// A container that does not run, or the kernel's reason for not forking.
    pub fn start_on_files(&self, job: &FilesJob) -> Result<FilesProcess, StartFailure> {
        let init = self
            .init
            .as_ref()
            .ok_or_else(|| StartFailure::setup("reach the files", "the container is not running"))?;
        let no_pipe = |error| StartFailure::setup("make a pipe", error);
        let (reader, writer) = stream_pipe().map_err(no_pipe)?;
        let (report, child_report) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
        let (stream, child_stream) = match job {
            FilesJob::Write { .. } => (writer, reader),
            FilesJob::Stat { .. } | FilesJob::Read { .. } => (reader, writer),
        };
        let work = child::Work {
            init: init.as_fd(),
            job,
            stream: &child_stream,
            report: &child_report,
        };
        let cgroup = Some(self.cgroup.directory().as_fd());
        let kept = [work.init, child_stream.as_fd(), child_report.as_fd()];
        let Forked { pidfd, .. } =
            fork_worker(cgroup, &kept, || child::run(&work)).map_err(|error| StartFailure::setup("fork", error))?;
        Ok(FilesProcess { pidfd, stream, report })
    }

    /// Forks a process that makes files of an archive for the steps of this container, which is not running.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn start_on_archive(&mut self, archive: ArchiveUse) -> Result<FilesProcess, StepError> {
        let directory = match archive {
            ArchiveUse::Layer => self.begin_layer()?,
            ArchiveUse::Tree(number) => self.make_tree(number)?,
        };
        let started = self.start_in(&directory, archive);
        if started.is_err() && archive == ArchiveUse::Layer {
            self.discard_step()?;
        }
        started
    }

    fn start_in(&self, directory: &OwnedFd, archive: ArchiveUse) -> Result<FilesProcess, StepError> {
        let failed = |error: Errno| StepError::Fork(error.into());
        let (child_stream, stream) = stream_pipe().map_err(failed)?;
        let (report, child_report) = pipe_with(PipeFlags::CLOEXEC).map_err(failed)?;
        let cgroup = Some(self.cgroup.directory().as_fd());
        let kept = [directory.as_fd(), child_stream.as_fd(), child_report.as_fd()];
        let is_layer = archive == ArchiveUse::Layer;
        let run = || child::run_extraction(directory, &child_stream, &child_report, is_layer);
        let Forked { pidfd, .. } = fork_worker(cgroup, &kept, run).map_err(StepError::Fork)?;
        Ok(FilesProcess { pidfd, stream, report })
    }
}

/// A pipe for an archive: the end to read and the end to write.
fn stream_pipe() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    // Smaller where the machine has little memory.
    let _ = fcntl_setpipe_size(&writer, PIPE_BYTES);
    Ok((reader, writer))
}

/// Whose files are, in the words of the crate that makes them.
fn owners(owner: Option<(u32, u32)>) -> Owners {
    owner.map_or(Owners::Stream, |(uid, gid)| Owners::Fixed { uid, gid })
}
