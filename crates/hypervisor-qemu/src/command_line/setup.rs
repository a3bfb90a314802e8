//! What the command line depends on apart from the machine's configuration.

use std::ffi::OsString;
use std::path::PathBuf;

use container_hypervisor::GuestArchitecture;

use super::value;
use crate::{Accelerator, DeviceSet};

/// How the agent is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentChannel {
    /// A virtio-serial port on an inherited socket.
    Port {
        /// QEMU's end, by its number in QEMU.
        descriptor: i32,
    },
    /// Such a port without a socket, which comes while the machine runs.
    ClosedPort,
    /// vhost-vsock.
    Vsock {
        /// Context id of the guest.
        guest_cid: u32,
        /// The open device, by its number in QEMU.
        descriptor: i32,
    },
}

/// A file that QEMU's loader opens: descriptor sets are unknown to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoadedFile {
    /// Opened once more through its number in QEMU.
    Descriptor(i32),
    /// Opened by its name.
    Path(PathBuf),
}

impl LoadedFile {
    /// The name by which QEMU opens it.
    pub(crate) fn name(&self) -> OsString {
        match self {
            Self::Descriptor(number) => value::reopened(*number).into(),
            Self::Path(path) => path.into(),
        }
    }
}

/// How QEMU maps the file of a machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// What the guest writes is in the file.
    Shared,
    /// What the guest writes is the machine's alone, and the file is open for reading only.
    Private,
    /// As [`Mapping::Private`], but QEMU takes the file, which is its standard input, for one that it may write to, and so gives back what the
    /// guest frees.
    Input,
}

/// The file of a machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryFile {
    /// Its number in QEMU.
    pub(crate) number: i32,
    pub(crate) mapping: Mapping,
}

/// What QEMU is handed, by its number in QEMU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) kernel: LoadedFile,
    pub(crate) initramfs: LoadedFile,
    pub(crate) console: i32,
    /// QEMU's end of the control channel.
    pub(crate) control: i32,
    /// QEMU's end of the connection to the file server, if there is one.
    pub(crate) shares: Option<i32>,
    /// In the order of the configuration.
    pub(crate) disks: Vec<i32>,
    /// Connected datagram sockets, in the order of the configuration.
    pub(crate) frame_ports: Vec<i32>,
    /// The memory, where it is a file with a name.
    pub(crate) memory: Option<MemoryFile>,
}

/// What the command line depends on apart from the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The host's architecture: it decides how the guest's can be emulated.
    pub(crate) host: GuestArchitecture,
    /// The guest's architecture.
    pub(crate) architecture: GuestArchitecture,
    pub(crate) devices: DeviceSet,
    pub(crate) accelerator: Accelerator,
    /// Whether QEMU has its own seccomp filter.
    pub(crate) sandbox: bool,
    /// Whether the kernel is the emulated variant, which knows the argument `lapic_timer_khz`.
    pub(crate) emulated_kernel: bool,
    /// Rate of the time-stamp counter, where known.
    pub(crate) tsc_khz: Option<u64>,
    pub(crate) agent: AgentChannel,
    pub(crate) numbers: Numbers,
    /// Where QEMU reads its configuration file, by its number in QEMU.
    pub(crate) configuration_descriptor: i32,
}
