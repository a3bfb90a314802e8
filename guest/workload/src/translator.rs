//! A translator that the host lends: programs for x86-64 run on an arm64 machine through it.
//!
//! The host shares a directory with the translator in it (Rosetta on Macs). Its file is registered with the kernel (binfmt_misc), which
//! opens it at once and keeps it open, so that the container needs no path to it.

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::MountFlags;

use crate::layout::Layout;
use crate::mount::{MountError, detach, make_directory, mount};

/// Name of the translator in the directory that the host shares.
const PROGRAM: &str = "rosetta";

/// Beginning of a 64-bit little-endian ELF file for x86-64 that is executable or position independent, and which of its bits count
/// (System V ABI, "ELF Header": identification, `e_type` 2 or 3, `e_machine` 62). In binfmt_misc's notation (Linux,
/// Documentation/admin-guide/binfmt-misc.rst).
const MAGIC: &str = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00";
const MASK: &str = r"\xff\xff\xff\xff\xff\xfe\xfe\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";

/// Mounts the shared directory with this tag and registers the translator in it.
///
/// # Errors
/// When the host shares no such directory, or the kernel refuses the translator.
pub(crate) fn register(layout: &Layout, tag: &str) -> Result<(), MountError> {
    let shared = layout.translator();
    make_directory(&shared)?;
    mount("virtiofs", tag, &shared, MountFlags::RDONLY | MountFlags::NODEV, "")?;
    let control = layout.formats();
    make_directory(&control)?;
    mount("binfmt_misc", "binfmt_misc", &control, MountFlags::empty(), "")?;
    let path = control.join("register");
    let line = registration(&shared.join(PROGRAM).display().to_string());
    openat(CWD, &path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
        .and_then(|file| rustix::io::write(file, line.as_bytes()))
        .map_err(|source| MountError::Prepare { path, source })?;
    detach(control)
}

/// The line that registers `program`: it is opened at once (`F`) and runs with the rights of the program that it translates (`C`).
fn registration(program: &str) -> String {
    format!(":translator:M::{MAGIC}:{MASK}:{program}:CF")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registration_has_all_fields_and_fits() {
        let line = registration("/run/container/translator/rosetta");
        let fields: Vec<&str> = line.split(':').collect();
        assert_eq!(fields[1..4], ["translator", "M", ""]);
        assert_eq!(
            fields[4].matches('\\').count() + 3,
            fields[5].matches('\\').count(),
            "ELF is written as letters"
        );
        assert_eq!(fields[6..], ["/run/container/translator/rosetta", "CF"]);
        // Longer lines are refused (fs/binfmt_misc.c, MAX_REGISTER_LENGTH).
        assert!(line.len() < 1920);
    }
}
