//! Linux: Landlock and seccomp.

mod answers;
mod descriptors;
mod files;
mod instructions;
mod system_calls;

use std::io;

use rustix::thread::set_no_new_privs;

use super::{Openable, Reach};
pub(super) use descriptors::keep_only;
pub(crate) use files::landlock_abi;

/// Whether QEMU has a filter of its own (`-sandbox`).
pub(crate) const QEMU_HAS_SANDBOX: bool = true;

/// Whether a program's files are confined to those that belong to it.
pub(crate) const CONFINES_FILES: bool = true;

/// Rules and filter of one process.
#[derive(Debug)]
pub(super) struct Restrictions {
    /// Whether there are rules for files.
    has_files: bool,
    files: Option<files::FileRules>,
    system_calls: system_calls::Filter,
}

impl Restrictions {
    pub(super) fn prepare(reach: &Reach, openable: &Openable<'_>) -> io::Result<Self> {
        Ok(Self {
            has_files: true,
            files: Some(files::FileRules::prepare(reach, openable)?),
            system_calls: system_calls::Filter::new(),
        })
    }

    /// Handles are what the kernel calls files by when it tells of changes; nothing can be opened by them.
    pub(super) fn apart_from_files() -> Self {
        Self {
            has_files: false,
            files: None,
            system_calls: system_calls::Filter::without(&[libc::SYS_name_to_handle_at]),
        }
    }

    /// The same for a QEMU whose standard input is its memory.
    pub(super) fn with_memory_as_input(self) -> Self {
        Self {
            system_calls: system_calls::Filter::with_memory_as_input(),
            ..self
        }
    }

    /// System calls only. Takes effect once.
    pub(super) fn enforce(&mut self) -> io::Result<()> {
        set_no_new_privs(true)?;
        if self.has_files {
            let files = self.files.take().ok_or(io::ErrorKind::InvalidInput)?;
            files.enforce()?;
        }
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
