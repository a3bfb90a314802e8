//! What a machine cannot be made of.

use super::names::{DiskSerial, ShareName};

/// A [`crate::MachineConfig`] that no machine can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Two disks have one serial.
    #[error("two disks have the serial {serial}")]
    DuplicateDisk {
        /// The serial.
        serial: DiskSerial,
    },
    /// More disks than the backend has slots.
    #[error("{count} disks, but this machine has {slots} disk slots")]
    TooManyDisks {
        /// Disks asked for.
        count: usize,
        /// Slots there are.
        slots: usize,
    },
    /// More network interfaces than the backend has room for.
    #[error("{count} network interfaces, but this host's machines can have {maximum}")]
    TooManyFramePorts {
        /// Interfaces asked for.
        count: usize,
        /// The most.
        maximum: usize,
    },
    /// Two shared directories have one name.
    #[error("two shared directories have the name {name}")]
    DuplicateShare {
        /// The name.
        name: ShareName,
    },
    /// An interface's largest packet is smaller than every backend carries.
    #[error("an MTU of {mtu_bytes} bytes: {minimum_bytes} to 65535 can be had")]
    Mtu {
        /// What was asked for.
        mtu_bytes: u16,
        /// The least.
        minimum_bytes: u16,
    },
    /// No processor, or more than the backend gives to a machine.
    #[error("{count} virtual processors: this host's machines can have {minimum} to {maximum}")]
    Processors {
        /// What was asked for.
        count: u32,
        /// The least.
        minimum: u32,
        /// The most.
        maximum: u32,
    },
    /// Memory is below the floor, above what the backend gives, or no multiple of 1 MiB.
    #[error(
        "{memory_bytes} bytes of memory: this host's machines can have {minimum_bytes} to {maximum_bytes}, in multiples of 1 MiB"
    )]
    Memory {
        /// What was asked for.
        memory_bytes: u64,
        /// The least that boots.
        minimum_bytes: u64,
        /// The most that the backend gives.
        maximum_bytes: u64,
    },
    /// The backend cannot do something that the configuration asks for.
    #[error("{what} cannot be had on this host: {reason}")]
    Unavailable {
        /// The device.
        what: &'static str,
        /// Why.
        reason: String,
    },
}
