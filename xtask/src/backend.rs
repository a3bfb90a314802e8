//! The backends that containers can be run with in the tests.

use clap::ValueEnum;

/// A backend, as the tests ask the program for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// The one that the program chooses on this host.
    #[default]
    Default,
    /// QEMU.
    Qemu,
    /// Virtualization.framework.
    Vz,
    /// The code for Virtualization.framework on a stand-in for it, which starts the machines with QEMU (Linux).
    VzStub,
}

impl Backend {
    /// The variable with which the program is told.
    pub(crate) const VARIABLE: &str = "CONTAINER_BACKEND";

    /// The variable's value; `None` leaves the choice to the program. On the stand-in the program is another one and the value the same.
    pub(crate) const fn value(self) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::Qemu => Some("qemu"),
            Self::Vz | Self::VzStub => Some("vz"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_the_name_on_the_command_line() {
        for backend in Backend::value_variants() {
            let name = backend.to_possible_value().map(|value| value.get_name().to_owned());
            let told = backend.value().unwrap_or("default");
            let expected = if *backend == Backend::VzStub { "vz" } else { told };
            assert!(name.is_some_and(|name| name.starts_with(expected)) && told == expected);
        }
    }
}
