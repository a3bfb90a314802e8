//! The standard streams of a process: the child's ends and the parent's.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, fchown, openat};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::Uid;
use rustix::pty::{ptsname, unlockpt};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::spec::{Streams, WindowSize};

/// Capacity of the pipes in bytes: four of the largest messages, so that a burst costs few changes between processes.
const PIPE_BYTES: usize = 256 * 1024;

/// The caller's ends.
#[derive(Debug)]
pub enum ParentStdio {
    /// Nothing is connected.
    Null,
    /// Pipes.
    Pipes {
        /// Write end of standard input, when asked for.
        stdin: Option<OwnedFd>,
        /// Read end of standard output.
        stdout: OwnedFd,
        /// Read end of standard error.
        stderr: OwnedFd,
    },
    /// The master side of the terminal. Closing it hangs the terminal up.
    Terminal(OwnedFd),
}

/// The child's ends.
#[derive(Debug)]
pub(crate) enum ChildStdio {
    Null,
    Pipes {
        stdin: Option<OwnedFd>,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// Path of the slave side inside the container. It is opened there, because a descriptor remembers the mount it
    /// was opened in, and ttyname(3) would show a path that the container does not have.
    Terminal {
        name: String,
    },
}

/// Makes both ends. A terminal comes from the devpts instance below the container's `root`.
pub(crate) fn open(streams: Streams, root: &Path) -> io::Result<(ParentStdio, ChildStdio)> {
    match streams {
        Streams::Null => Ok((ParentStdio::Null, ChildStdio::Null)),
        Streams::Pipes { stdin } => {
            let (child_stdin, parent_stdin) = if stdin {
                pipe().map(|(read, write)| (Some(read), Some(write)))?
            } else {
                (None, None)
            };
            let (stdout, child_stdout) = pipe()?;
            let (stderr, child_stderr) = pipe()?;
            Ok((
                ParentStdio::Pipes {
                    stdin: parent_stdin,
                    stdout,
                    stderr,
                },
                ChildStdio::Pipes {
                    stdin: child_stdin,
                    stdout: child_stdout,
                    stderr: child_stderr,
                },
            ))
        }
        Streams::Terminal(size) => {
            let master = openat(
                CWD,
                root.join("dev/pts/ptmx"),
                OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
                Mode::empty(),
            )?;
            unlockpt(&master)?;
            set_window_size(master.as_fd(), size)?;
            let name = ptsname(&master, Vec::new())?.to_string_lossy().into_owned();
            Ok((ParentStdio::Terminal(master), ChildStdio::Terminal { name }))
        }
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    // A smaller pipe works as well.
    let _ = fcntl_setpipe_size(&write, PIPE_BYTES);
    Ok((read, write))
}

/// Sets the window size of a terminal; its foreground processes get SIGWINCH when it changed.
///
/// # Errors
/// The kernel's, for descriptors that are no terminal.
pub fn set_window_size(terminal: BorrowedFd<'_>, size: WindowSize) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(terminal, size)?)
}

impl ChildStdio {
    /// Makes these the calling process's descriptors 0, 1 and 2. It has the container's root and a session of its own.
    pub(crate) fn install(&self) -> io::Result<()> {
        match self {
            Self::Null => {
                let null = open_null()?;
                dup2_stdin(&null)?;
                dup2_stdout(&null)?;
                Ok(dup2_stderr(&null)?)
            }
            Self::Pipes { stdin, stdout, stderr } => {
                match stdin {
                    Some(stdin) => dup2_stdin(stdin)?,
                    None => dup2_stdin(&open_null()?)?,
                }
                dup2_stdout(stdout)?;
                Ok(dup2_stderr(stderr)?)
            }
            Self::Terminal { name } => {
                let slave = openat(
                    CWD,
                    name,
                    OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                rustix::process::ioctl_tiocsctty(&slave)?;
                dup2_stdin(&slave)?;
                dup2_stdout(&slave)?;
                Ok(dup2_stderr(&slave)?)
            }
        }
    }

    /// Makes `owner` the owner of the streams, who could not open `/dev/stdout` otherwise.
    pub(crate) fn give_to(&self, owner: Uid) -> io::Result<()> {
        match self {
            Self::Null => Ok(()),
            Self::Pipes { stdin, stdout, stderr } => stdin
                .iter()
                .chain([stdout, stderr])
                .try_for_each(|stream| Ok(fchown(stream, Some(owner), None)?)),
            Self::Terminal { name } => Ok(rustix::fs::chown(name, Some(owner), None)?),
        }
    }

    /// Path of the terminal inside the container.
    pub(crate) fn terminal_name(&self) -> Option<&str> {
        match self {
            Self::Terminal { name } => Some(name),
            Self::Null | Self::Pipes { .. } => None,
        }
    }
}

fn open_null() -> io::Result<OwnedFd> {
    Ok(openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}
