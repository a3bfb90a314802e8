//! A described machine in the terms of QEMU's backend.

use crate::description::{DiskDescription, MachineDescription, NetworkDescription};
use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, MacAddress, MachineConfig, SHARES_TAG, ShareAccess,
    ShareName, ShareOwner, SharedDescriptor, SharedDirectory,
};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// Kernel arguments that say what a Mac's machine has and QEMU's has not: its own come before the others.
const OF_A_MAC: [&str; 3] = ["console=", "container.agent=", "container.power="];

/// The configuration of the machine with another kernel. Every field is used, so that none is forgotten here.
pub(super) fn of(machine: &MachineDescription, kernel: PathBuf) -> io::Result<MachineConfig> {
    let MachineDescription {
        kernel: _,
        initramfs,
        command_line,
        cpu_count,
        memory_bytes,
        machine_identifier: _,
        nested_virtualization,
        disks,
        networks,
        shares,
        rosetta_tag,
        serial_ports,
        entropy_devices: _,
        balloon_devices,
        socket_devices: _,
    } = machine;
    let arguments = command_line.split_ascii_whitespace();
    let arguments = arguments.filter(|argument| !OF_A_MAC.iter().any(|key| argument.starts_with(key)));
    let console = serial_ports.iter().find_map(|port| port.output);
    let mut config = MachineConfig::new(
        name(disks),
        kernel,
        initramfs.clone().unwrap_or_default(),
        duplicate(console)?,
    );
    config.kernel_arguments = arguments.map(str::to_owned).collect();
    config.vcpu_count = u32::try_from(*cpu_count).map_err(io::Error::other)?;
    config.memory_bytes = *memory_bytes;
    config.disks = disks.iter().map(disk).collect::<io::Result<_>>()?;
    config.frame_ports = networks.iter().map(port).collect::<io::Result<_>>()?;
    config.translation = rosetta_tag.is_some();
    config.nested_virtualization = *nested_virtualization;
    config.balloon = *balloon_devices > 0;
    for share in shares.iter().filter(|share| share.tag == SHARES_TAG) {
        for directory in &share.directories {
            let name = directory.name.clone().unwrap_or_default();
            config.shares.push(SharedDirectory {
                name: ShareName::new(name).map_err(io::Error::other)?,
                path: directory.path.clone(),
                access: if directory.read_only {
                    ShareAccess::ReadOnly
                } else {
                    ShareAccess::ReadWrite
                },
                owner: ShareOwner::Named,
                records: None,
            });
        }
    }
    Ok(config)
}

/// What the list of processes shows: the directory of the container, where its own disk is.
fn name(disks: &[DiskDescription]) -> String {
    let own = disks.iter().find(|disk| !disk.read_only);
    let directory = own.and_then(|disk| disk.path.parent());
    directory.map_or_else(String::new, |directory| directory.display().to_string())
}

fn disk(disk: &DiskDescription) -> io::Result<Disk> {
    Ok(Disk {
        serial: DiskSerial::new(disk.identifier.clone()).map_err(io::Error::other)?,
        path: disk.path.clone(),
        access: if disk.read_only {
            DiskAccess::ReadOnly
        } else {
            DiskAccess::ReadWrite
        },
        flush: match disk.synchronization {
            "full" => FlushPolicy::Full,
            "fsync" => FlushPolicy::Fsync,
            _ => FlushPolicy::Never,
        },
    })
}

fn port(network: &NetworkDescription) -> io::Result<FramePort> {
    let bytes: Vec<u8> = network
        .mac_address
        .split(':')
        .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    Ok(FramePort {
        socket: duplicate(network.descriptor)?,
        mac_address: MacAddress(bytes.try_into().map_err(|_| io::ErrorKind::InvalidData)?),
        mtu_bytes: u16::try_from(network.mtu_bytes).map_err(io::Error::other)?,
    })
}

fn duplicate(descriptor: Option<i32>) -> io::Result<SharedDescriptor> {
    let descriptor = descriptor.ok_or(io::ErrorKind::NotConnected)?;
    // SAFETY: the machine's configuration keeps its descriptors open for as long as the machine's object lives, which is longer than this
    // call.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    Ok(descriptor.try_clone_to_owned()?.into())
}
