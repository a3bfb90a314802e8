//! What the caller and the environment decide about the backend.

use std::ffi::OsString;
use std::path::PathBuf;

use container_hypervisor::{CreateError, GuestArchitecture};

use crate::Accelerator;

/// Overrides the choice of accelerator: `kvm` or `tcg`.
const ACCELERATOR_VARIABLE: &str = "CONTAINER_ACCEL";

/// Names the QEMU program to run instead of the one in `PATH`.
const PROGRAM_VARIABLE: &str = "CONTAINER_QEMU";

/// How to find and run QEMU.
#[derive(Debug, Clone)]
pub struct QemuOptions {
    /// Architecture of the guests. Another one than the host's is emulated.
    pub architecture: GuestArchitecture,
    /// Directories with kernels, the first that has one wins.
    pub asset_directories: Vec<PathBuf>,
    /// Where findings about this host are remembered; must exist.
    pub state_directory: PathBuf,
    /// Skips the choice of accelerator.
    pub accelerator: Option<Accelerator>,
    /// Skips the search in `PATH`.
    pub program: Option<PathBuf>,
}

impl QemuOptions {
    /// Options with which everything is found out.
    #[must_use]
    pub fn new(architecture: GuestArchitecture, asset_directories: Vec<PathBuf>, state_directory: PathBuf) -> Self {
        Self {
            architecture,
            asset_directories,
            state_directory,
            accelerator: None,
            program: None,
        }
    }

    /// Options with what `CONTAINER_ACCEL` and `CONTAINER_QEMU` say.
    ///
    /// # Errors
    /// [`CreateError::Setting`] for a value that means nothing.
    pub fn from_environment(
        architecture: GuestArchitecture,
        asset_directories: Vec<PathBuf>,
        state_directory: PathBuf,
    ) -> Result<Self, CreateError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let accelerator = set(ACCELERATOR_VARIABLE).map(parse_accelerator).transpose()?;
        let program = set(PROGRAM_VARIABLE).map(PathBuf::from);
        Ok(Self {
            accelerator,
            program,
            ..Self::new(architecture, asset_directories, state_directory)
        })
    }
}

fn parse_accelerator(value: OsString) -> Result<Accelerator, CreateError> {
    value
        .to_str()
        .and_then(Accelerator::parse)
        .ok_or_else(|| CreateError::Setting {
            name: ACCELERATOR_VARIABLE,
            value: value.to_string_lossy().into_owned(),
            expected: "kvm or tcg",
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_accelerator_is_refused_with_what_would_do() {
        assert_eq!(parse_accelerator("tcg".into()).unwrap(), Accelerator::Tcg);
        let error = parse_accelerator("KVM".into()).unwrap_err();
        assert_eq!(error.to_string(), "CONTAINER_ACCEL=KVM: kvm or tcg is expected");
    }
}
