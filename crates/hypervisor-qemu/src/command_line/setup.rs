//! What the command line depends on apart from the machine's configuration.

use crate::Accelerator;

/// How the agent is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentChannel {
    /// A virtio-serial port on an inherited socket.
    Port {
        /// QEMU's end, by its number in QEMU.
        descriptor: i32,
    },
    /// vhost-vsock.
    Vsock {
        /// Context id of the guest.
        guest_cid: u32,
        /// The open device, by its number in QEMU.
        descriptor: i32,
    },
}

/// What QEMU is handed, by its number in QEMU: it opens no file of a machine by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) kernel: i32,
    pub(crate) initramfs: i32,
    pub(crate) console: i32,
    /// QEMU's end of the control channel.
    pub(crate) control: i32,
    /// In the order of the configuration.
    pub(crate) disks: Vec<i32>,
    /// Connected datagram sockets, in the order of the configuration.
    pub(crate) frame_ports: Vec<i32>,
}

/// What the command line depends on apart from the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) accelerator: Accelerator,
    /// Whether the kernel is the emulated variant, which knows the argument `lapic_timer_khz`.
    pub(crate) emulated_kernel: bool,
    /// Rate of the time-stamp counter, where known.
    pub(crate) tsc_khz: Option<u64>,
    pub(crate) agent: AgentChannel,
    pub(crate) numbers: Numbers,
    /// Where QEMU reads its configuration file, by its number in QEMU.
    pub(crate) configuration_descriptor: i32,
}
