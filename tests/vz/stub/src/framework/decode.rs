//! From the objects of a configuration to plain values.

use super::identifier;
use super::network;
use crate::description::{
    DirectoryDescription, DiskDescription, MachineDescription, NetworkDescription, SerialDescription, ShareDescription,
};
use crate::foundation::{array, dictionary, file_handle, string, url};
use crate::runtime::{Id, Strong, class_named, class_of, flag, is_kind_of, object, unsigned};
use std::path::PathBuf;

/// "The default MTU is 1500", for a device without an attachment.
const MTU_BYTES: i64 = 1500;

/// What a `VZVirtualMachineConfiguration` says, or what of it cannot be understood.
pub(crate) unsafe fn decode(configuration: Id) -> Result<MachineDescription, String> {
    let loader = required(configuration, "bootLoader", "VZLinuxBootLoader")?;
    let (machine_identifier, nested_virtualization) = platform(configuration)?;
    let mut machine = MachineDescription {
        kernel: path(loader.id(), "kernelURL").ok_or("The boot loader has no kernel.")?,
        initramfs: path(loader.id(), "initialRamdiskURL"),
        command_line: text(loader.id(), "commandLine"),
        cpu_count: unsigned(configuration, "CPUCount"),
        memory_bytes: unsigned(configuration, "memorySize"),
        machine_identifier,
        nested_virtualization,
        entropy_devices: devices(configuration, "entropyDevices", "VZVirtioEntropyDeviceConfiguration")?.len(),
        balloon_devices: devices(
            configuration,
            "memoryBalloonDevices",
            "VZVirtioTraditionalMemoryBalloonDeviceConfiguration",
        )?
        .len(),
        socket_devices: devices(configuration, "socketDevices", "VZVirtioSocketDeviceConfiguration")?.len(),
        ..MachineDescription::default()
    };
    for device in devices(configuration, "storageDevices", "VZVirtioBlockDeviceConfiguration")? {
        machine.disks.push(disk(device.id())?);
    }
    for device in devices(configuration, "networkDevices", "VZVirtioNetworkDeviceConfiguration")? {
        machine.networks.push(interface(device.id())?);
    }
    for device in devices(
        configuration,
        "serialPorts",
        "VZVirtioConsoleDeviceSerialPortConfiguration",
    )? {
        machine.serial_ports.push(serial(device.id())?);
    }
    for device in devices(
        configuration,
        "directorySharingDevices",
        "VZVirtioFileSystemDeviceConfiguration",
    )? {
        share(device.id(), &mut machine)?;
    }
    Ok(machine)
}

unsafe fn platform(configuration: Id) -> Result<(Option<Vec<u8>>, bool), String> {
    let Some(platform) = object(configuration, "platform") else {
        return Ok((None, false));
    };
    check_class(platform.id(), "VZGenericPlatformConfiguration")?;
    let identifier = object(platform.id(), "machineIdentifier");
    Ok((
        identifier.map(|identifier| identifier::bytes(identifier.id())),
        flag(platform.id(), "nestedVirtualizationEnabled"),
    ))
}

unsafe fn disk(device: Id) -> Result<DiskDescription, String> {
    let attachment = required(device, "attachment", "VZDiskImageStorageDeviceAttachment")?;
    let attachment = attachment.id();
    Ok(DiskDescription {
        path: path(attachment, "URL").ok_or("A disk has no image.")?,
        read_only: flag(attachment, "readOnly"),
        // VZDiskImageCachingMode and VZDiskImageSynchronizationMode of the bindings.
        caching: match unsigned(attachment, "cachingMode") {
            0 => "automatic",
            1 => "uncached",
            2 => "cached",
            mode => return Err(format!("There is no caching mode {mode}.")),
        },
        synchronization: match unsigned(attachment, "synchronizationMode") {
            1 => "full",
            2 => "fsync",
            3 => "none",
            mode => return Err(format!("There is no synchronization mode {mode}.")),
        },
        identifier: text(device, "blockDeviceIdentifier"),
    })
}

unsafe fn interface(device: Id) -> Result<NetworkDescription, String> {
    let mac_address = required(device, "MACAddress", "VZMACAddress")?;
    let attachment = optional(device, "attachment", "VZFileHandleNetworkDeviceAttachment")?;
    let (mtu_bytes, descriptor) = match attachment {
        Some(attachment) => (
            unsigned(attachment.id(), "maximumTransmissionUnit") as i64,
            descriptor(attachment.id(), "fileHandle"),
        ),
        None => (MTU_BYTES, None),
    };
    Ok(NetworkDescription {
        mac_address: network::address(mac_address.id()),
        mtu_bytes,
        descriptor,
    })
}

unsafe fn serial(device: Id) -> Result<SerialDescription, String> {
    let attachment = required(device, "attachment", "VZFileHandleSerialPortAttachment")?;
    Ok(SerialDescription {
        input: descriptor(attachment.id(), "fileHandleForReading"),
        output: descriptor(attachment.id(), "fileHandleForWriting"),
    })
}

unsafe fn share(device: Id, machine: &mut MachineDescription) -> Result<(), String> {
    let tag = text(device, "tag");
    let share = required(device, "share", "VZDirectoryShare")?;
    let directories = match class_of(share.id()).name() {
        "VZLinuxRosettaDirectoryShare" if machine.rosetta_tag.is_none() => {
            machine.rosetta_tag = Some(tag);
            return Ok(());
        }
        "VZSingleDirectoryShare" => vec![directory(
            required(share.id(), "directory", "VZSharedDirectory")?.id(),
            None,
        )?],
        "VZMultipleDirectoryShare" => {
            let entries = required(share.id(), "directories", "NSDictionary")?;
            let mut directories = Vec::new();
            for (name, entry) in dictionary::entries(entries.id()) {
                check_class(entry.id(), "VZSharedDirectory")?;
                directories.push(directory(entry.id(), Some(name))?);
            }
            directories
        }
        class => return Err(format!("The file system \"{tag}\" has a share of {class} too many.")),
    };
    machine.shares.push(ShareDescription { tag, directories });
    Ok(())
}

unsafe fn directory(directory: Id, name: Option<String>) -> Result<DirectoryDescription, String> {
    Ok(DirectoryDescription {
        name,
        path: path(directory, "URL").ok_or("A shared directory has no path.")?,
        read_only: flag(directory, "readOnly"),
    })
}

unsafe fn devices(configuration: Id, list: &str, class: &str) -> Result<Vec<Strong>, String> {
    let devices = object(configuration, list).map_or_else(Vec::new, |list| array::items(list.id()));
    for device in &devices {
        check_class(device.id(), class)?;
    }
    Ok(devices)
}

unsafe fn optional(owner: Id, property: &str, class: &str) -> Result<Option<Strong>, String> {
    let value = object(owner, property);
    if let Some(value) = &value {
        check_class(value.id(), class)?;
    }
    Ok(value)
}

unsafe fn required(owner: Id, property: &str, class: &str) -> Result<Strong, String> {
    let value = optional(owner, property, class)?;
    value.ok_or_else(|| format!("{} has no {property}.", class_of(owner).name()))
}

unsafe fn check_class(value: Id, class: &str) -> Result<(), String> {
    let actual = class_of(value);
    if is_kind_of(actual, class_named(class)) {
        return Ok(());
    }
    Err(format!("There is a {} where a {class} belongs.", actual.name()))
}

unsafe fn path(owner: Id, property: &str) -> Option<PathBuf> {
    object(owner, property).map(|value| url::path(value.id()))
}

unsafe fn text(owner: Id, property: &str) -> String {
    object(owner, property).map_or_else(String::new, |value| string::text(value.id()))
}

unsafe fn descriptor(owner: Id, property: &str) -> Option<i32> {
    object(owner, property).map(|handle| file_handle::number(handle.id()))
}
