//! What a machine is made of: only what every backend can do, or says by [`crate::HypervisorInfo`] that it cannot.

mod disk;
mod error;
mod memory;
mod names;
mod port;
mod share;

use std::collections::HashSet;
use std::hash::Hash;
use std::path::PathBuf;

pub use disk::{Disk, DiskAccess, FlushPolicy};
pub use error::ConfigError;
pub use memory::GuestMemory;
pub use names::{DiskSerial, NameError, ShareName};
pub use port::{FramePort, MacAddress};
pub use share::{SHARES_TAG, ShareAccess, ShareOwner, SharedDirectory};

use crate::{MachineLimits, SharedDescriptor};

/// A virtual machine, before it is made.
///
/// A backend takes it apart field by field, so that a field that is added here is forgotten by none of them.
#[derive(Debug, Clone, PartialEq)]
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
    /// Where that memory comes from.
    pub memory: GuestMemory,
    /// Disks, found in the guest by serial.
    pub disks: Vec<Disk>,
    /// Network interfaces whose Ethernet frames another process carries.
    pub frame_ports: Vec<FramePort>,
    /// Host directories, all on the one device with the tag [`SHARES_TAG`]; without any there is such a device only in a template that is made for it.
    pub shares: Vec<SharedDirectory>,
    /// A stream socket on which a file server of the backend's own tells what happens in `shares` on the host; others leave it alone.
    pub share_changes: Option<SharedDescriptor>,
    /// Whether the guest can have programs of the other architecture translated by the host; see [`crate::Translation`]. Having it
    /// costs native programs some of their speed.
    pub translation: bool,
    /// Whether the guest can run machines of its own with the processor's help.
    pub nested_virtualization: bool,
    /// What a machine calls itself that is to continue one that was saved, in the backend's own form; see
    /// [`crate::capability::SaveRestore`]. `None` is a new machine.
    pub machine_identifier: Option<Vec<u8>>,
    /// Where the output of the guest's console goes: a pipe, or a file that is open for writing only. The machine writes
    /// as much as the guest does: the reader of the pipe bounds what is kept. A full pipe loses output, and the guest goes on.
    pub console: SharedDescriptor,
    /// Whether the machine has a memory balloon.
    pub balloon: bool,
}

impl MachineConfig {
    /// Least guest memory that boots kernel and agent, bytes.
    pub const MINIMUM_MEMORY_BYTES: u64 = 64 << 20;

    /// A machine with one processor, the least memory and nothing else.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        kernel: impl Into<PathBuf>,
        initramfs: impl Into<PathBuf>,
        console: impl Into<SharedDescriptor>,
    ) -> Self {
        Self {
            name: name.into(),
            kernel: kernel.into(),
            initramfs: initramfs.into(),
            kernel_arguments: Vec::new(),
            vcpu_count: 1,
            memory_bytes: Self::MINIMUM_MEMORY_BYTES,
            memory: GuestMemory::Own,
            disks: Vec::new(),
            frame_ports: Vec::new(),
            shares: Vec::new(),
            share_changes: None,
            translation: false,
            nested_virtualization: false,
            machine_identifier: None,
            console: console.into(),
            balloon: false,
        }
    }

    /// Whether the machine has the device that shared directories are on.
    #[must_use]
    pub fn has_shares_device(&self) -> bool {
        !self.shares.is_empty() || matches!(self.memory, GuestMemory::Template { for_shares: true, .. })
    }

    /// Checks what holds for every backend, within the limits of one.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn validate(&self, limits: &MachineLimits) -> Result<(), ConfigError> {
        if !limits.vcpu_count.contains(&self.vcpu_count) {
            return Err(ConfigError::Processors {
                count: self.vcpu_count,
                minimum: *limits.vcpu_count.start(),
                maximum: *limits.vcpu_count.end(),
            });
        }
        if !limits.memory_bytes.contains(&self.memory_bytes)
            || !self.memory_bytes.is_multiple_of(MachineLimits::MEMORY_UNIT_BYTES)
        {
            return Err(ConfigError::Memory {
                memory_bytes: self.memory_bytes,
                minimum_bytes: *limits.memory_bytes.start(),
                maximum_bytes: *limits.memory_bytes.end(),
            });
        }
        if matches!(self.memory, GuestMemory::Template { .. }) && !self.shares.is_empty() {
            return Err(ConfigError::Unavailable {
                what: "a template with shared directories",
                reason: "they are one machine's, and a template is for many".to_owned(),
            });
        }
        if self.disks.len() > limits.disk_slots {
            return Err(ConfigError::TooManyDisks {
                count: self.disks.len(),
                slots: limits.disk_slots,
            });
        }
        if let Some(serial) = first_twice(self.disks.iter().map(|disk| &disk.serial)) {
            return Err(ConfigError::DuplicateDisk { serial: serial.clone() });
        }
        if let Some(name) = first_twice(self.shares.iter().map(|share| &share.name)) {
            return Err(ConfigError::DuplicateShare { name: name.clone() });
        }
        if self.frame_ports.len() > limits.frame_ports {
            return Err(ConfigError::TooManyFramePorts {
                count: self.frame_ports.len(),
                maximum: limits.frame_ports,
            });
        }
        let mtus = FramePort::MTU_BYTES;
        match self.frame_ports.iter().find(|port| !mtus.contains(&port.mtu_bytes)) {
            Some(port) => Err(ConfigError::Mtu {
                mtu_bytes: port.mtu_bytes,
                minimum_bytes: *mtus.start(),
            }),
            None => Ok(()),
        }
    }
}

/// The first value that was there before.
fn first_twice<T: Eq + Hash>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    let mut found = None;
    for value in values {
        if seen.contains(&value) {
            found = Some(value);
            break;
        }
        seen.insert(value);
    }
    found
}
