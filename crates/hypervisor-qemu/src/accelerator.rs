//! What executes the guest's instructions.

use std::fmt;

/// What executes the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The host's processor, through Linux' `/dev/kvm`.
    Kvm,
    /// The host's processor, through macOS' Hypervisor.framework.
    Hvf,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// Parses `kvm`, `hvf` or `tcg`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "kvm" => Some(Self::Kvm),
            "hvf" => Some(Self::Hvf),
            "tcg" => Some(Self::Tcg),
            _ => None,
        }
    }

    /// QEMU's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Hvf => "hvf",
            Self::Tcg => "tcg",
        }
    }
}

impl Accelerator {
    /// What messages call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Kvm => "KVM",
            Self::Hvf => "Hypervisor.framework",
            Self::Tcg => "QEMU's translator",
        }
    }

    /// What may help when a machine does not come up.
    pub(crate) fn boot_hint(self) -> Option<String> {
        match self {
            Self::Kvm | Self::Hvf => Some(format!("CONTAINER_ACCEL=tcg rules out a broken {}", self.label())),
            Self::Tcg => None,
        }
    }

    /// Under emulation each further processor costs some 400 ms of start-up, so a machine has one unless the user asks for more.
    pub(crate) fn default_vcpu_count(self) -> u32 {
        const MOST: usize = 4;
        match self {
            Self::Kvm | Self::Hvf => {
                std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST) as u32)
            }
            Self::Tcg => 1,
        }
    }
}

impl fmt::Display for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
