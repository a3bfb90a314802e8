//! What a QEMU gives up before its first instruction: files, system calls, resources, descriptors.
//!
//! Everything is prepared in this process and takes effect in the child between fork and exec, where nothing but system
//! calls may happen; QEMU adds its own seccomp filter (`-sandbox`) once it has started. All of it is particular to Linux.
//!
//! | layer | keeps QEMU from |
//! | --- | --- |
//! | [`descriptors`] | descriptors that it was not given |
//! | [`limits`] | core dumps, many files, making its disk longer than it is |
//! | [`files`] (Landlock) | files by path, other programs, TCP, signals to and tracing of others |
//! | [`system_calls`] (seccomp) | sockets of any kind, other processes' memory, key rings, io_uring, namespaces, mounts |

mod descriptors;
mod files;
mod limits;
mod reach;
mod system_calls;

use std::io;
use std::os::fd::OwnedFd;

use rustix::thread::set_no_new_privs;

pub(crate) use files::{Openable, landlock_abi};
pub(crate) use limits::Limits;
pub(crate) use reach::Reach;

/// One process's restrictions, ready to take effect.
#[derive(Debug)]
pub(crate) struct Confinement {
    limits: Limits,
    files: Option<files::FileRules>,
    system_calls: system_calls::Filter,
}

impl Confinement {
    /// Prepares the restrictions of a program with `reach`, which also opens what `openable` names by path.
    pub(crate) fn prepare(reach: &Reach, openable: &Openable<'_>, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            limits,
            files: Some(files::FileRules::prepare(reach, openable)?),
            system_calls: system_calls::Filter::new(),
        })
    }

    /// Gives up everything but `inherited`, which the program will find open. Makes system calls only: it runs between
    /// fork and exec. Takes effect once.
    pub(crate) fn enforce(&mut self, inherited: &[OwnedFd]) -> io::Result<()> {
        descriptors::keep_only(inherited)?;
        self.limits.enforce()?;
        set_no_new_privs(true)?;
        let files = self.files.take().ok_or(io::ErrorKind::InvalidInput)?;
        files.enforce()?;
        self.system_calls.enforce()
    }
}

/// What is enforced on this host, in words for `container system status`.
pub(crate) fn describe(landlock_abi: u32, reach: &Reach) -> String {
    let files = match (landlock_abi, reach) {
        (0, _) => "this kernel has no Landlock, so that files are confined by permissions only".to_owned(),
        (abi, Reach::Any) => {
            format!("Landlock ABI {abi} denies writing; reading is not confined because the program starts another one")
        }
        (abi, Reach::Listed { .. }) => format!("Landlock ABI {abi} denies all files but QEMU's own"),
    };
    let missing: Vec<&str> = [(4, "TCP"), (5, "device control"), (6, "signals")]
        .into_iter()
        .filter(|(since, _)| landlock_abi != 0 && landlock_abi < *since)
        .map(|(_, what)| what)
        .collect();
    let mut text = format!("no environment; seccomp denies sockets; {files}");
    if !missing.is_empty() {
        text.push_str(&format!(" (this kernel's cannot confine {})", missing.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kernel_cannot_enforce_is_said() {
        let listed = Reach::Listed {
            executables: Vec::new(),
            readable: Vec::new(),
        };
        assert!(describe(0, &listed).contains("no Landlock"));
        assert!(describe(3, &listed).ends_with("(this kernel's cannot confine TCP, device control, signals)"));
        assert!(describe(7, &listed).ends_with("Landlock ABI 7 denies all files but QEMU's own"));
        assert!(describe(7, &Reach::Any).contains("reading is not confined"));
    }
}
