//! What a run of the end-to-end tests has for guests.

use crate::architecture::Architecture;
use crate::backend::Backend;
use std::fmt;

/// The devices of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Devices {
    /// Those that the program chooses.
    Chosen,
    /// Those that a Mac's machines have, with the Mac's kernel: virtio on PCI, a virtio console.
    Pci,
}

/// The guests of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) architecture: Architecture,
    pub(crate) devices: Devices,
    pub(crate) backend: Backend,
}

impl Guest {
    /// The runs for guests of `architecture`: one for the host's own, and for foreign ones one with each kind of devices.
    pub(crate) fn runs(architecture: Architecture, backend: Backend) -> Vec<Self> {
        let devices = match architecture {
            Architecture::Aarch64 if architecture != Architecture::host() => &[Devices::Chosen, Devices::Pci][..],
            _ => &[Devices::Chosen],
        };
        devices
            .iter()
            .map(|devices| Self {
                architecture,
                devices: *devices,
                backend,
            })
            .collect()
    }

    /// Is it of another architecture than this machine, and thus emulated?
    pub(crate) fn is_foreign(&self) -> bool {
        self.architecture != Architecture::host()
    }

    /// Do its programs not run on this machine?
    pub(crate) fn programs_are_foreign(&self) -> bool {
        self.is_foreign() || cfg!(not(target_os = "linux"))
    }

    /// The environment that makes the end-to-end tests use such guests.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if let Some(backend) = self.backend.value() {
            variables.push((Backend::VARIABLE, backend.to_owned()));
        }
        if self.is_foreign() {
            variables.push(("E2E_PLATFORM", format!("linux/{}", self.architecture.oci_name())));
            variables.push(("CONTAINER_ACCEL", "tcg".to_owned()));
        }
        if self.devices == Devices::Pci {
            variables.push(("CONTAINER_QEMU_DEVICES", "pci".to_owned()));
        }
        variables
    }
}

/// What the labels of tests get appended: nothing for this machine's own guests.
impl fmt::Display for Guest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_foreign(), self.devices) {
            (false, _) if self.backend == Backend::VzStub => write!(formatter, " [vz-stub]"),
            (false, _) => Ok(()),
            (true, Devices::Chosen) => write!(formatter, " [{}]", self.architecture.oci_name()),
            (true, Devices::Pci) => write!(formatter, " [{}, PCI]", self.architecture.oci_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_foreign_guests_change_the_tests() {
        let host = Guest::runs(Architecture::host(), Backend::Default);
        assert_eq!(host.len(), 1);
        assert!(
            host.iter()
                .all(|guest| guest.variables().is_empty() && guest.to_string().is_empty())
        );
        let told = Guest::runs(Architecture::host(), Backend::Qemu);
        assert_eq!(told[0].variables(), [("CONTAINER_BACKEND", "qemu".to_owned())]);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn arm_guests_are_tested_with_the_devices_of_a_mac_too() {
        let runs = Guest::runs(Architecture::Aarch64, Backend::Default);
        let labels: Vec<String> = runs.iter().map(Guest::to_string).collect();
        assert_eq!(labels, [" [arm64]", " [arm64, PCI]"]);
        let pci = runs[1].variables();
        assert!(pci.contains(&("E2E_PLATFORM", "linux/arm64".to_owned())));
        assert!(pci.contains(&("CONTAINER_QEMU_DEVICES", "pci".to_owned())));
    }
}
