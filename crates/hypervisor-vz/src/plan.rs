//! What the framework is to be told, as plain values: every device of a machine in order, with each of its settings.
//!
//! Nothing here needs the framework or a Mac, so that any host can test what a machine on a Mac consists of. The other half, which turns
//! a plan into the framework's objects, decides nothing.

pub mod checks;
mod disks;
mod kernel_arguments;
mod paths;
mod ports;
mod shares;

use container_hypervisor::{CreateError, GuestArchitecture, MachineConfig, SharedDescriptor};

pub use disks::{DiskPlan, Synchronization};
pub use kernel_arguments::FIXED_ARGUMENTS;
pub use ports::NetworkPlan;
pub use shares::{DirectoryPlan, SharePlan};

/// A machine in the framework's terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Whose machine it is; the framework has no name for machines, so its queue bears it.
    pub name: String,
    /// What boots.
    pub boot: BootPlan,
    /// Virtual processors.
    pub vcpu_count: u32,
    /// Guest memory, bytes.
    pub memory_bytes: u64,
    /// All devices, those of a kind in the order in which the guest finds them.
    pub devices: Vec<Device>,
    /// What the machine itself is.
    pub platform: PlatformPlan,
}

/// `VZLinuxBootLoader`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootPlan {
    /// Kernel image.
    pub kernel: String,
    /// Initial RAM file system.
    pub initramfs: String,
    /// The kernel's command line.
    pub command_line: String,
}

/// `VZGenericPlatformConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformPlan {
    /// What the machine calls itself, in the framework's own form; `None` has a new identifier made.
    pub machine_identifier: Option<Vec<u8>>,
    /// Whether the guest can run machines.
    pub nested_virtualization: bool,
}

/// One device.
#[derive(Debug, Clone, PartialEq)]
pub enum Device {
    /// The serial port that is the guest's `hvc0`, written to a pipe whose other end is copied to this descriptor.
    Console(SharedDescriptor),
    /// The agent's channel.
    Socket,
    /// Random numbers: the guest's first ones must not wait for others.
    Entropy,
    /// A memory balloon.
    Balloon,
    /// A disk.
    Disk(DiskPlan),
    /// A network interface.
    Network(NetworkPlan),
    /// Directories of the host.
    Share(SharePlan),
}

impl Plan {
    /// What `config` asks for; `architecture` is that of the guest.
    ///
    /// # Errors
    /// [`CreateError::File`] for a path that the framework's paths cannot express, [`CreateError::Config`] for a kernel command line
    /// that is too long.
    pub fn new(config: MachineConfig, architecture: GuestArchitecture) -> Result<Self, CreateError> {
        let MachineConfig {
            name,
            kernel,
            initramfs,
            kernel_arguments,
            vcpu_count,
            memory_bytes,
            // Checked before: it is its own.
            memory: _,
            disks,
            frame_ports,
            shares,
            share_changes: _,
            translation,
            nested_virtualization,
            machine_identifier,
            console,
            balloon,
        } = config;
        let mut devices = vec![Device::Console(console), Device::Socket, Device::Entropy];
        if balloon {
            devices.push(Device::Balloon);
        }
        for disk in disks {
            devices.push(Device::Disk(DiskPlan::new(disk)?));
        }
        devices.extend(frame_ports.into_iter().map(|port| Device::Network(port.into())));
        if let Some(share) = SharePlan::directories(shares)? {
            devices.push(Device::Share(share));
        }
        if translation {
            devices.push(Device::Share(SharePlan::Translation));
        }
        Ok(Self {
            name,
            boot: BootPlan {
                kernel: paths::text("kernel", kernel)?,
                initramfs: paths::text("initial RAM file system", initramfs)?,
                command_line: kernel_arguments::build(&kernel_arguments, architecture)?,
            },
            vcpu_count,
            memory_bytes,
            devices,
            platform: PlatformPlan {
                machine_identifier,
                nested_virtualization,
            },
        })
    }
}

#[cfg(test)]
mod tests;
