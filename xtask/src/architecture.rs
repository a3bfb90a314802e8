//! Processor architectures of guests and the kernel variants built for them.

use clap::ValueEnum;

/// A guest architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// 64-bit x86.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[value(name = "aarch64", alias = "arm64")]
    Aarch64,
}

impl Architecture {
    /// The architecture of the machine this runs on.
    pub(crate) const fn host() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Aarch64
        } else {
            Self::X86_64
        }
    }

    /// The name in Rust targets and in our file names.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// The name in OCI image configurations.
    pub(crate) const fn oci_name(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The value of the kernel build's `ARCH`.
    pub(crate) const fn kernel_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "arm64",
        }
    }

    /// Prefix of the C tool chain that builds for this architecture here: empty for the host's own.
    pub(crate) fn tool_prefix(self) -> &'static str {
        match self {
            _ if self == Self::host() => "",
            Self::X86_64 => "x86_64-linux-gnu-",
            Self::Aarch64 => "aarch64-linux-gnu-",
        }
    }

    /// QEMU's program for this architecture.
    pub(crate) const fn qemu(self) -> &'static str {
        match self {
            Self::X86_64 => "qemu-system-x86_64",
            Self::Aarch64 => "qemu-system-aarch64",
        }
    }
}

/// What runs the kernel: hardware virtualisation or an emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    /// Hardware virtualisation (KVM, Virtualization.framework).
    Standard,
    /// Software emulation (QEMU's TCG), where less code means a faster start.
    Emulated,
}

impl Variant {
    /// The name on the command line and in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Emulated => "emulated",
        }
    }
}

/// The form of a kernel's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Image {
    /// What QEMU loads, and Virtualization.framework on Apple silicon: the bare ELF file (x86-64), the `Image` (64-bit Arm).
    Vmlinux,
    /// What Virtualization.framework loads on Intel Macs: a compressed kernel with the loader that unpacks it.
    #[value(name = "bzimage")]
    BzImage,
}

impl Image {
    /// The name of the build's product in the cache.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Vmlinux => "vmlinux",
            Self::BzImage => "bzImage",
        }
    }

    /// File name of a kernel in the install tree.
    pub(crate) fn file_name(self, architecture: Architecture, variant: Variant) -> String {
        let (image, architecture) = (self.name(), architecture.name());
        match variant {
            Variant::Standard => format!("{image}-{architecture}"),
            Variant::Emulated => format!("{image}-{architecture}-emulated"),
        }
    }
}
