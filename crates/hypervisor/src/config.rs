//! What a machine is made of: only what every backend can do.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

/// Longest disk serial, bytes: the size of virtio-blk's serial field (`VIRTIO_BLK_ID_BYTES`, virtio 1.2 section
/// 5.2.6.1).
const DISK_SERIAL_MAX_BYTES: usize = 20;

/// A virtual machine, before it is made.
#[derive(Debug, Clone)]
pub struct MachineConfig {
    /// Whose machine it is. Users see it in the host's list of processes.
    pub name: String,
    /// Uncompressed kernel image.
    pub kernel: PathBuf,
    /// Initial RAM file system (cpio archive).
    pub initramfs: PathBuf,
    /// Kernel arguments beyond those that the backend needs itself. One of them is the agent's token: a backend hands them
    /// over in a way that other users of the host cannot read.
    pub kernel_arguments: Vec<String>,
    /// Number of virtual processors.
    pub vcpu_count: u32,
    /// Guest memory in bytes; a multiple of 1 MiB.
    pub memory_bytes: u64,
    /// Disks, found in the guest by serial.
    pub disks: Vec<Disk>,
    /// Network interfaces whose Ethernet frames another process carries.
    pub frame_ports: Vec<FramePort>,
    /// Host directories shared with the guest.
    pub shared_directories: Vec<SharedDirectory>,
    /// Where the output of the guest's console goes: a pipe, or a file that is open for writing only. The machine writes
    /// as much as the guest does: the reader of the pipe bounds what is kept. A full pipe loses output, and the guest goes on.
    pub console: Arc<OwnedFd>,
    /// Whether the machine has a memory balloon.
    pub balloon: bool,
}

/// One disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Name by which the guest finds it.
    pub serial: DiskSerial,
    /// Raw image.
    pub path: PathBuf,
    /// Whether the guest may write.
    pub access: DiskAccess,
}

/// Whether a guest may write to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskAccess {
    /// Shared with any number of machines.
    ReadOnly,
    /// Owned by this machine; discards reach the host file.
    ReadWrite,
}

/// A disk's serial: 1-20 characters of `[a-z0-9-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DiskSerial(String);

impl DiskSerial {
    /// Parses a serial.
    ///
    /// # Errors
    /// [`ConfigError::DiskSerial`].
    pub fn new(text: impl Into<String>) -> Result<Self, ConfigError> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > DISK_SERIAL_MAX_BYTES || !text.bytes().all(allowed) {
            return Err(ConfigError::DiskSerial { serial: text });
        }
        Ok(Self(text))
    }

    /// The serial as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DiskSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A network interface of the machine: the peer of `socket` sends and receives its Ethernet frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramePort {
    /// Unix socket of the switch.
    pub socket: PathBuf,
    /// Hardware address of the guest's interface.
    pub mac_address: MacAddress,
    /// Largest IP packet, bytes.
    pub mtu_bytes: u16,
}

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A host directory that the guest mounts by tag over virtiofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDirectory {
    /// Tag for `mount -t virtiofs`.
    pub tag: String,
    /// Host directory.
    pub path: PathBuf,
    /// Whether the guest may write.
    pub read_only: bool,
}

/// A [`MachineConfig`] that no machine can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A serial is empty, too long or has other characters than `[a-z0-9-]`.
    #[error("disk serial {serial:?} is not 1-{DISK_SERIAL_MAX_BYTES} characters of a-z, 0-9 and \"-\"")]
    DiskSerial {
        /// What was given.
        serial: String,
    },
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
    /// No processor at all.
    #[error("a machine needs at least one virtual processor")]
    NoProcessor,
    /// Memory is below the floor or no multiple of 1 MiB.
    #[error("{memory_bytes} bytes of memory: at least {minimum_bytes} and a multiple of 1 MiB are needed")]
    Memory {
        /// What was asked for.
        memory_bytes: u64,
        /// The least that boots.
        minimum_bytes: u64,
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

impl MachineConfig {
    /// Least guest memory that boots kernel and agent, bytes.
    pub const MINIMUM_MEMORY_BYTES: u64 = 64 << 20;

    /// Checks what holds for every backend.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn validate(&self, disk_slots: usize) -> Result<(), ConfigError> {
        if self.vcpu_count == 0 {
            return Err(ConfigError::NoProcessor);
        }
        if self.memory_bytes < Self::MINIMUM_MEMORY_BYTES || !self.memory_bytes.is_multiple_of(1 << 20) {
            let minimum_bytes = Self::MINIMUM_MEMORY_BYTES;
            return Err(ConfigError::Memory {
                memory_bytes: self.memory_bytes,
                minimum_bytes,
            });
        }
        if self.disks.len() > disk_slots {
            return Err(ConfigError::TooManyDisks {
                count: self.disks.len(),
                slots: disk_slots,
            });
        }
        let mut seen = std::collections::HashSet::new();
        match self.disks.iter().find(|disk| !seen.insert(&disk.serial)) {
            Some(disk) => Err(ConfigError::DuplicateDisk {
                serial: disk.serial.clone(),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_hold_only_what_every_backend_carries() {
        assert!(DiskSerial::new("layer-0").is_ok());
        for bad in ["", "Layer", "a_b", "../x", "123456789012345678901"] {
            assert!(DiskSerial::new(bad).is_err(), "{bad:?}");
        }
    }
}
