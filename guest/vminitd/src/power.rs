//! The end of the machine.

use std::fmt::Display;

use rustix::system::{RebootCommand, reboot};

/// How a machine of this architecture ends itself. On x86-64 without ACPI there is no power switch, and a power-off
/// would only halt; the host runs the machine so that a restart ends it.
#[cfg(target_arch = "x86_64")]
const OFF: RebootCommand = RebootCommand::Restart;
/// How a machine of this architecture ends itself: PSCI has a power switch.
#[cfg(not(target_arch = "x86_64"))]
const OFF: RebootCommand = RebootCommand::PowerOff;

/// Writes what is still in memory to the disks and ends the machine.
pub(crate) fn off() -> ! {
    rustix::fs::sync();
    let error = reboot(OFF);
    // Not PID 1 of a machine, or not allowed: ending is all that is left.
    eprintln!("vminitd: cannot power off: {error:?}");
    std::process::exit(1)
}

/// Ends the machine after a line on the console, which is what the host shows its user.
pub(crate) fn fail(error: &dyn Display) -> ! {
    eprintln!("vminitd: {error}");
    off()
}
