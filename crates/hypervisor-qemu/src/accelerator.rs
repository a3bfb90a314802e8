//! What executes the guest's instructions.

use std::fmt;

/// What executes the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The host's processor, through `/dev/kvm`.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// Parses `kvm` or `tcg`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "kvm" => Some(Self::Kvm),
            "tcg" => Some(Self::Tcg),
            _ => None,
        }
    }

    /// QEMU's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

impl Accelerator {
    /// What may help when a machine does not come up.
    pub(crate) fn boot_hint(self) -> Option<String> {
        match self {
            Self::Kvm => Some("CONTAINER_ACCEL=tcg rules out a broken KVM".to_owned()),
            Self::Tcg => None,
        }
    }

    /// Under emulation each further processor costs some 400 ms of start-up, so a machine has one unless the user asks for more.
    pub(crate) fn default_vcpu_count(self) -> u32 {
        const MOST: usize = 4;
        match self {
            Self::Kvm => std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST) as u32),
            Self::Tcg => 1,
        }
    }
}

impl fmt::Display for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
