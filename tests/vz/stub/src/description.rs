//! What a machine is made of, as plain values.

use serde_json::{Value, json};
use std::path::PathBuf;

/// Everything that a configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MachineDescription {
    /// The kernel's image.
    pub(crate) kernel: PathBuf,
    /// The initial RAM file system.
    pub(crate) initramfs: Option<PathBuf>,
    /// The kernel's command line.
    pub(crate) command_line: String,
    /// How many processors.
    pub(crate) cpu_count: u64,
    /// How much memory.
    pub(crate) memory_bytes: u64,
    /// The identifier of the platform; none when the configuration has no generic platform.
    pub(crate) machine_identifier: Option<Vec<u8>>,
    /// May the guest run virtual machines?
    pub(crate) nested_virtualization: bool,
    /// The disks, in order.
    pub(crate) disks: Vec<DiskDescription>,
    /// The network interfaces, in order.
    pub(crate) networks: Vec<NetworkDescription>,
    /// The shares of directories, in order.
    pub(crate) shares: Vec<ShareDescription>,
    /// The tag of the share with Rosetta.
    pub(crate) rosetta_tag: Option<String>,
    /// The serial ports, in order.
    pub(crate) serial_ports: Vec<SerialDescription>,
    /// How many sources of entropy.
    pub(crate) entropy_devices: usize,
    /// How many balloons.
    pub(crate) balloon_devices: usize,
    /// How many socket devices.
    pub(crate) socket_devices: usize,
}

/// A virtio block device with a disk image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiskDescription {
    /// The image.
    pub(crate) path: PathBuf,
    /// Is it only read?
    pub(crate) read_only: bool,
    /// `automatic`, `uncached` or `cached`.
    pub(crate) caching: &'static str,
    /// `full`, `fsync` or `none`.
    pub(crate) synchronization: &'static str,
    /// What the guest reads as its serial number.
    pub(crate) identifier: String,
}

/// A virtio network interface on a datagram socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkDescription {
    /// In hexadecimal with colons.
    pub(crate) mac_address: String,
    /// The largest frame without its Ethernet header.
    pub(crate) mtu_bytes: i64,
    /// The socket, as this process has it open; none without an attachment.
    pub(crate) descriptor: Option<i32>,
}

/// A virtio file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShareDescription {
    /// The name under which the guest mounts it.
    pub(crate) tag: String,
    /// The directories, sorted by name.
    pub(crate) directories: Vec<DirectoryDescription>,
}

/// A directory within a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryDescription {
    /// Its name within the share; none when the share is this one directory.
    pub(crate) name: Option<String>,
    /// The directory of the host.
    pub(crate) path: PathBuf,
    /// May the guest only read it?
    pub(crate) read_only: bool,
}

/// A virtio console used as a serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SerialDescription {
    /// What the guest's input is read from.
    pub(crate) input: Option<i32>,
    /// Where the guest's output is written to.
    pub(crate) output: Option<i32>,
}

impl MachineDescription {
    /// The same as JSON. Beside a descriptor stands the inode of what it is open on, by which duplicates are recognised.
    pub(crate) fn json(&self) -> Value {
        let Self {
            kernel,
            initramfs,
            command_line,
            cpu_count,
            memory_bytes,
            machine_identifier,
            nested_virtualization,
            disks,
            networks,
            shares,
            rosetta_tag,
            serial_ports,
            entropy_devices,
            balloon_devices,
            socket_devices,
        } = self;
        json!({
            "kernel": kernel,
            "initramfs": initramfs,
            "command_line": command_line,
            "cpu_count": cpu_count,
            "memory_bytes": memory_bytes,
            "machine_identifier": machine_identifier,
            "nested_virtualization": nested_virtualization,
            "disks": disks.iter().map(DiskDescription::json).collect::<Vec<_>>(),
            "networks": networks.iter().map(NetworkDescription::json).collect::<Vec<_>>(),
            "shares": shares.iter().map(ShareDescription::json).collect::<Vec<_>>(),
            "rosetta_tag": rosetta_tag,
            "serial_ports": serial_ports.iter().map(SerialDescription::json).collect::<Vec<_>>(),
            "entropy_devices": entropy_devices,
            "balloon_devices": balloon_devices,
            "socket_devices": socket_devices,
        })
    }

    /// What a saved state must have in common with the machine that it is restored into: everything but descriptors.
    pub(crate) fn compatibility(&self) -> Value {
        let mut same = self.clone();
        for network in &mut same.networks {
            network.descriptor = None;
        }
        for serial in &mut same.serial_ports {
            *serial = SerialDescription {
                input: None,
                output: None,
            };
        }
        same.json()
    }
}

impl DiskDescription {
    fn json(&self) -> Value {
        let Self {
            path,
            read_only,
            caching,
            synchronization,
            identifier,
        } = self;
        json!({
            "path": path,
            "read_only": read_only,
            "caching": caching,
            "synchronization": synchronization,
            "identifier": identifier,
        })
    }
}

impl NetworkDescription {
    fn json(&self) -> Value {
        let Self {
            mac_address,
            mtu_bytes,
            descriptor,
        } = self;
        json!({
            "mac_address": mac_address,
            "mtu_bytes": mtu_bytes,
            "descriptor": descriptor,
            "inode": descriptor.and_then(inode),
        })
    }
}

impl ShareDescription {
    fn json(&self) -> Value {
        let Self { tag, directories } = self;
        json!({ "tag": tag, "directories": directories.iter().map(DirectoryDescription::json).collect::<Vec<_>>() })
    }
}

impl DirectoryDescription {
    fn json(&self) -> Value {
        let Self { name, path, read_only } = self;
        json!({ "name": name, "path": path, "read_only": read_only })
    }
}

impl SerialDescription {
    fn json(&self) -> Value {
        let Self { input, output } = self;
        json!({
            "input_descriptor": input,
            "input_inode": input.and_then(inode),
            "output_descriptor": output,
            "output_inode": output.and_then(inode),
        })
    }
}

fn inode(descriptor: i32) -> Option<u64> {
    // SAFETY: zeros are a value of `stat`, which the call fills in.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        (libc::fstat(descriptor, &raw mut status) == 0).then_some(status.st_ino)
    }
}
