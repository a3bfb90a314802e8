//! The end of the machine.

use std::fmt::Display;

use rustix::system::{RebootCommand, reboot};

/// How the machine ends itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    /// By a power-off: PSCI's SYSTEM_OFF, or ACPI.
    Off,
    /// By a restart, for which the host ends the machine. Without ACPI an x86-64 kernel could only halt the processor.
    Restart,
}

impl Power {
    /// What holds unless the host says otherwise. On x86-64 the machines of QEMU have no ACPI.
    pub(crate) const DEFAULT: Self = if cfg!(target_arch = "x86_64") {
        Self::Restart
    } else {
        Self::Off
    };

    /// Flushes the file systems and ends the machine.
    pub(crate) fn end(self) -> ! {
        rustix::fs::sync();
        let error = reboot(match self {
            Self::Off => RebootCommand::PowerOff,
            Self::Restart => RebootCommand::Restart,
        });
        // Reached only if the kernel refused, for example because this is not PID 1 of a machine.
        eprintln!("vminitd: cannot power off: {error:?}");
        std::process::exit(1)
    }

    /// Ends the machine after a line on the console, which the host shows to its user.
    pub(crate) fn fail(self, error: &dyn Display) -> ! {
        eprintln!("vminitd: {error}");
        self.end()
    }
}
