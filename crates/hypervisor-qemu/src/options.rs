//! What the caller and the environment decide about the backend.

use std::ffi::OsString;
use std::path::PathBuf;

use container_hypervisor::{CreateError, GuestArchitecture};

use crate::host::system;
use crate::{Accelerator, DeviceSet};

/// Overrides the choice of accelerator: `kvm` (on Linux), `hvf` (on macOS) or `tcg`.
pub(crate) const ACCELERATOR_VARIABLE: &str = "CONTAINER_ACCEL";

/// Names the QEMU program to run instead of the one in `PATH`.
const PROGRAM_VARIABLE: &str = "CONTAINER_QEMU";

/// Chooses the devices of machines: `mmio` or `pci`.
const DEVICES_VARIABLE: &str = "CONTAINER_QEMU_DEVICES";

/// How to find and run QEMU.
#[derive(Debug, Clone)]
pub struct QemuOptions {
    /// Architecture of the guests. Another one than the host's is emulated.
    pub architecture: GuestArchitecture,
    /// Devices of the machines: `CONTAINER_QEMU_DEVICES`, `mmio` by default. With `pci` they are those of a Mac's machines, with the
    /// kernel of hardware virtualisation, which knows PCI, also under emulation: what boots so boots there.
    pub devices: DeviceSet,
    /// Directories with kernels, the first that has one wins.
    pub asset_directories: Vec<PathBuf>,
    /// Where findings about this host are remembered; must exist.
    pub state_directory: PathBuf,
    /// Skips the choice of accelerator: `CONTAINER_ACCEL`.
    pub accelerator: Option<Accelerator>,
    /// Skips the search in `PATH`: `CONTAINER_QEMU`.
    pub program: Option<PathBuf>,
    /// What serves shared directories; without it a machine has none.
    pub file_server: Option<FileServer>,
}

/// How this program becomes the process that serves a machine's shared directories.
///
/// Its standard input is a listening Unix socket, to which the machine connects once to speak vhost-user; the last argument, which is added here,
/// names a file with the trees, as JSON of [`container_shares::SharedTree`]s. Its environment is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileServer {
    /// The program.
    pub program: PathBuf,
    /// Its arguments before the last one.
    pub arguments: Vec<OsString>,
}

impl QemuOptions {
    /// Options with which everything is found out.
    #[must_use]
    pub fn new(architecture: GuestArchitecture, asset_directories: Vec<PathBuf>, state_directory: PathBuf) -> Self {
        Self {
            architecture,
            devices: DeviceSet::Mmio,
            asset_directories,
            state_directory,
            accelerator: None,
            program: None,
            file_server: None,
        }
    }

    /// Options with what `CONTAINER_ACCEL`, `CONTAINER_QEMU` and `CONTAINER_QEMU_DEVICES` say.
    ///
    /// # Errors
    /// [`CreateError::Setting`] for a value that means nothing on this system.
    pub fn from_environment(
        architecture: GuestArchitecture,
        asset_directories: Vec<PathBuf>,
        state_directory: PathBuf,
    ) -> Result<Self, CreateError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let devices = set(DEVICES_VARIABLE).map(parse_devices).transpose()?;
        Ok(Self {
            accelerator: set(ACCELERATOR_VARIABLE).map(parse_accelerator).transpose()?,
            devices: devices.unwrap_or(DeviceSet::Mmio),
            program: set(PROGRAM_VARIABLE).map(PathBuf::from),
            ..Self::new(architecture, asset_directories, state_directory)
        })
    }
}

fn parse_accelerator(value: OsString) -> Result<Accelerator, CreateError> {
    let parsed = value.to_str().and_then(Accelerator::parse);
    let of_this_system = parsed.filter(|accelerator| [system::HARDWARE, Accelerator::Tcg].contains(accelerator));
    of_this_system.ok_or_else(|| CreateError::Setting {
        name: ACCELERATOR_VARIABLE,
        value: value.to_string_lossy().into_owned(),
        expected: match system::HARDWARE {
            Accelerator::Hvf => "hvf or tcg",
            Accelerator::Kvm | Accelerator::Tcg => "kvm or tcg",
        },
    })
}

fn parse_devices(value: OsString) -> Result<DeviceSet, CreateError> {
    let parsed = value.to_str().and_then(DeviceSet::parse);
    parsed.ok_or_else(|| CreateError::Setting {
        name: DEVICES_VARIABLE,
        value: value.to_string_lossy().into_owned(),
        expected: "mmio or pci",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_accelerator_is_refused_with_what_would_do() {
        assert_eq!(parse_accelerator("tcg".into()).unwrap(), Accelerator::Tcg);
        let own = system::HARDWARE;
        assert_eq!(parse_accelerator(own.as_str().into()).unwrap(), own);
        let error = parse_accelerator("KVM".into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("CONTAINER_ACCEL=KVM: {own} or tcg is expected")
        );
    }

    #[test]
    fn the_accelerator_of_another_system_is_refused() {
        let foreign = match system::HARDWARE {
            Accelerator::Hvf => "kvm",
            Accelerator::Kvm | Accelerator::Tcg => "hvf",
        };
        assert!(parse_accelerator(foreign.into()).is_err());
    }

    #[test]
    fn devices_are_one_of_two_sets() {
        assert_eq!(parse_devices("pci".into()).unwrap(), DeviceSet::Pci);
        assert_eq!(parse_devices("mmio".into()).unwrap(), DeviceSet::Mmio);
        let error = parse_devices("isa".into()).unwrap_err();
        assert_eq!(error.to_string(), "CONTAINER_QEMU_DEVICES=isa: mmio or pci is expected");
    }
}
