//! The end of the machine.

use std::fmt::Display;

use rustix::system::{RebootCommand, reboot};

/// How a machine of this architecture ends itself. On x86-64 without ACPI a power-off would only halt the processor; the host runs the
/// machine so that a restart ends it.
#[cfg(target_arch = "x86_64")]
const OFF: RebootCommand = RebootCommand::Restart;
/// How a machine of this architecture ends itself: by PSCI's SYSTEM_OFF.
#[cfg(not(target_arch = "x86_64"))]
const OFF: RebootCommand = RebootCommand::PowerOff;

/// Flushes the file systems and ends the machine.
pub(crate) fn off() -> ! {
    rustix::fs::sync();
    let error = reboot(OFF);
    // Reached only if the kernel refused, for example because this is not PID 1 of a machine.
    eprintln!("vminitd: cannot power off: {error:?}");
    std::process::exit(1)
}

/// Ends the machine after a line on the console, which the host shows to its user.
pub(crate) fn fail(error: &dyn Display) -> ! {
    eprintln!("vminitd: {error}");
    off()
}
