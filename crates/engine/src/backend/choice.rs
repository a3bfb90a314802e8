//! The user's word on the backend.

use std::ffi::OsStr;

use container_hypervisor::CreateError;

/// Overrides the choice of backend: `vz` or `qemu`.
const VARIABLE: &str = "CONTAINER_BACKEND";

/// Which backend to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BackendChoice {
    /// Virtualization.framework where the system says that it can, else QEMU.
    Best,
    /// Virtualization.framework and nothing else.
    Vz,
    /// QEMU and nothing else.
    Qemu,
}

impl BackendChoice {
    /// What `CONTAINER_BACKEND` says; unset or empty is [`BackendChoice::Best`].
    ///
    /// # Errors
    /// [`CreateError::Setting`] for a value that means nothing.
    pub(super) fn from_environment() -> Result<Self, CreateError> {
        Self::parse(&std::env::var_os(VARIABLE).unwrap_or_default())
    }

    fn parse(value: &OsStr) -> Result<Self, CreateError> {
        match value.to_str() {
            Some("") => Ok(Self::Best),
            Some("vz") => Ok(Self::Vz),
            Some("qemu") => Ok(Self::Qemu),
            _ => Err(CreateError::Setting {
                name: VARIABLE,
                value: value.to_string_lossy().into_owned(),
                expected: "vz or qemu",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_backend_is_refused_with_what_would_do() {
        let parse = |text: &str| BackendChoice::parse(text.as_ref());
        assert_eq!(parse("").unwrap(), BackendChoice::Best);
        assert_eq!(parse("vz").unwrap(), BackendChoice::Vz);
        assert_eq!(parse("qemu").unwrap(), BackendChoice::Qemu);
        let error = parse("QEMU").unwrap_err();
        assert_eq!(error.to_string(), "CONTAINER_BACKEND=QEMU: vz or qemu is expected");
    }
}
