//! Architectures of guests.

use std::fmt;

/// A processor architecture that machines can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuestArchitecture {
    /// 64-bit x86.
    Amd64,
    /// 64-bit Arm.
    Arm64,
}

impl GuestArchitecture {
    /// The architecture of this host, whose guests need no emulation of its processor.
    #[must_use]
    pub const fn host() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Arm64
        } else {
            Self::Amd64
        }
    }

    /// The architecture with this name in OCI terms (image-spec, "platform"), if machines can have it.
    #[must_use]
    pub fn from_oci_name(name: &str) -> Option<Self> {
        [Self::Amd64, Self::Arm64]
            .into_iter()
            .find(|architecture| architecture.oci_name() == name)
    }

    /// Its name in images: `amd64`, `arm64`.
    #[must_use]
    pub const fn oci_name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Its name in uname(2), in names of QEMU's programs and in those of kernels and initial RAM file systems.
    #[must_use]
    pub const fn machine_name(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }
}

impl fmt::Display for GuestArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.oci_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_architecture() {
        for architecture in [GuestArchitecture::Amd64, GuestArchitecture::Arm64] {
            assert_eq!(
                GuestArchitecture::from_oci_name(architecture.oci_name()),
                Some(architecture)
            );
        }
        assert_eq!(GuestArchitecture::from_oci_name("x86_64"), None);
        assert_eq!(GuestArchitecture::host().machine_name(), std::env::consts::ARCH);
    }
}
