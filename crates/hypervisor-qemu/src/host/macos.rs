//! macOS as a host: Hypervisor.framework.
//!
//! Type-checked only: nothing here has run on a Mac yet.

mod sysctl;

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::findings::{HardwareIdentity, NoHardware};
use super::trial_image::TrialImage;
use crate::Accelerator;
use crate::command_line::LoadedFile;

/// What uses the host's processor.
pub(crate) const HARDWARE: Accelerator = Accelerator::Hvf;

/// Devices that QEMU opens itself to use the host's processor.
pub(crate) const HARDWARE_DEVICES: [&str; 0] = [];

/// Whether QEMU's loader opens files by their names: here `/dev/fd/N` is the same open file with the same place in it, and the loader opens a
/// kernel several times.
pub(crate) const LOADS_BY_NAME: bool = true;

/// Directories with programs that `PATH` may lack: Homebrew's on Apple silicon and on Intel. A program that is started from the Finder or
/// by launchd has a short `PATH`.
pub(crate) const PROGRAM_DIRECTORIES: [&str; 2] = ["/opt/homebrew/bin", "/usr/local/bin"];

/// How to get QEMU for amd64 and arm64 guests.
pub(crate) const INSTALL_HINTS: [&str; 2] = ["install it, for example: brew install qemu"; 2];

/// 1 where Hypervisor.framework can run guests: not in most virtual machines, and so not on most hosted CI runners.
const SUPPORT: &std::ffi::CStr = c"kern.hv_support";

/// Whether machines can be saved as templates and restored: nobody has tried it here.
pub(crate) const HAS_TEMPLATES: bool = false;

/// Whether the host has again what a process says that it needs no more: here it does not (`MADV_DONTNEED` is a hint).
pub(crate) const FREES_WHAT_IS_DISCARDED: bool = false;

/// Changes with every boot.
const BOOT_ID: &std::ffi::CStr = c"kern.bootsessionuuid";

/// Whether the host's processor can run guests; else why not. Cheap, so it is asked at every start.
pub(crate) fn open_hardware() -> Result<HardwareIdentity, NoHardware> {
    let none = |reason: String, hint: Option<&str>| NoHardware {
        reason,
        hint: hint.map(str::to_owned),
    };
    match sysctl::integer(SUPPORT) {
        Ok(0) => Err(none(
            "Hypervisor.framework runs no guests on this host (kern.hv_support is 0)".to_owned(),
            Some("a Mac that is no virtual machine has it"),
        )),
        Ok(_) => HardwareIdentity::of(None).map_err(|error| none(error.to_string(), None)),
        Err(error) => Err(none(
            format!("this host has no Hypervisor.framework: kern.hv_support: {error}"),
            None,
        )),
    }
}

/// This boot of the host. Empty where the host does not say; then a record lives until QEMU changes.
pub(crate) fn boot_id() -> String {
    sysctl::text(BOOT_ID).unwrap_or_default()
}

/// What a process has used of the processors: not known here, so that a trial that takes too long is no verdict.
pub(crate) fn processor_time(_id: u32) -> Option<Duration> {
    None
}

/// Only templates depend on it.
pub(crate) fn processor_and_kernel() -> String {
    String::new()
}

/// Only templates need it.
pub(crate) fn memory_file(_length: u64) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The file of a trial guest.
pub(crate) fn trial_image(image: &[u8], state_directory: &Path) -> io::Result<TrialImage> {
    let path = state_directory.join(format!("qemu-trial-{}", std::process::id()));
    std::fs::write(&path, image)?;
    Ok(TrialImage {
        file: LoadedFile::Path(path.clone()),
        inherited: Vec::new(),
        removed_afterwards: Some(path),
    })
}
