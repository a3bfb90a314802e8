//! What a QEMU gives up before its first instruction: files, system calls, resources, descriptors.
//!
//! Everything is prepared in this process and takes effect in the child between fork and exec, where nothing but system
//! calls may happen; QEMU adds its own seccomp filter (`-sandbox`) once it has started. Files and system calls are confined on Linux only:
//!
//! | layer | keeps QEMU from |
//! | --- | --- |
//! | descriptors | descriptors that it was not given |
//! | [`limits`] | core dumps, many files, making its disk longer than it is |
//! | Landlock | files by path, other programs, TCP, signals to and tracing of others |
//! | seccomp | sockets of any kind, other processes' memory, key rings, io_uring, namespaces, mounts |

mod limits;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;
mod reach;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

pub(crate) use limits::Limits;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;
pub(crate) use reach::Reach;
pub(crate) use system::{CONFINES_FILES, QEMU_HAS_SANDBOX, describe, landlock_abi};

/// What a process may open besides what belongs to its program.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "files are confined on Linux only")
)]
pub(crate) struct Openable<'a> {
    /// Open files that may be opened again for reading, by `/dev/fd/N`.
    pub(crate) reopened: &'a [BorrowedFd<'a>],
    /// As these for reading and writing.
    pub(crate) rewritten: &'a [BorrowedFd<'a>],
    /// Devices to read, write and control.
    pub(crate) devices: &'a [&'a Path],
}

/// One process's restrictions, ready to take effect.
#[derive(Debug)]
pub(crate) struct Confinement {
    limits: Limits,
    restrictions: system::Restrictions,
}

impl Confinement {
    /// Prepares the restrictions of a program with `reach`, which also opens what `openable` names by path.
    pub(crate) fn prepare(reach: &Reach, openable: &Openable<'_>, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            limits,
            restrictions: system::Restrictions::prepare(reach, openable)?,
        })
    }

    /// Prepares the restrictions of a program of ours that confines its files itself, as its first act.
    pub(crate) fn apart_from_files(limits: Limits) -> Self {
        Self {
            limits,
            restrictions: system::Restrictions::apart_from_files(),
        }
    }

    /// The same for a QEMU whose standard input is its memory, which it may only read and takes for one that it may write to.
    pub(crate) fn with_memory_as_input(self) -> Self {
        Self {
            restrictions: self.restrictions.with_memory_as_input(),
            ..self
        }
    }

    /// Gives up everything but `inherited`, which the program will find open. Makes system calls only: it runs between
    /// fork and exec. Takes effect once.
    pub(crate) fn enforce(&mut self, inherited: &[OwnedFd]) -> io::Result<()> {
        system::keep_only(inherited)?;
        self.limits.enforce()?;
        self.restrictions.enforce()
    }
}
