//! What a machine is made of, as the stand-in reads it from the objects.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_vz_tests::configuration::{add_console, add_network, file_url, smallest};
use container_vz_tests::machine::TestMachine;
use container_vz_tests::process::alone;
use container_vz_tests::report::{describe, describe_last};
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::{NSArray, NSData, NSDictionary, NSString};
use objc2_virtualization::{
    VZDirectoryShare, VZDirectorySharingDeviceConfiguration, VZDiskImageCachingMode,
    VZDiskImageStorageDeviceAttachment, VZDiskImageSynchronizationMode, VZGenericMachineIdentifier,
    VZGenericPlatformConfiguration, VZLinuxBootLoader, VZLinuxRosettaDirectoryShare, VZMACAddress,
    VZMultipleDirectoryShare, VZSharedDirectory, VZSingleDirectoryShare, VZStorageDeviceConfiguration,
    VZVirtioBlockDeviceConfiguration, VZVirtioEntropyDeviceConfiguration, VZVirtioFileSystemDeviceConfiguration,
    VZVirtioTraditionalMemoryBalloonDeviceConfiguration, VZVirtualMachineConfiguration,
};
use serde_json::{Value, json};
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;

fn inode(file: impl AsFd) -> u64 {
    let duplicate = file.as_fd().try_clone_to_owned().unwrap();
    File::from(duplicate).metadata().unwrap().ino()
}

fn disk(
    path: &Path,
    read_only: bool,
    synchronization: VZDiskImageSynchronizationMode,
    identifier: &str,
) -> Retained<VZStorageDeviceConfiguration> {
    // SAFETY: configurations are plain values; so below.
    unsafe {
        let attachment =
            VZDiskImageStorageDeviceAttachment::initWithURL_readOnly_cachingMode_synchronizationMode_error(
                VZDiskImageStorageDeviceAttachment::alloc(),
                &file_url(path),
                read_only,
                VZDiskImageCachingMode::Cached,
                synchronization,
            )
            .unwrap();
        let device = VZVirtioBlockDeviceConfiguration::alloc();
        let device = VZVirtioBlockDeviceConfiguration::initWithAttachment(device, &attachment);
        device.setBlockDeviceIdentifier(&NSString::from_str(identifier));
        device.into_super()
    }
}

fn file_system(tag: &str, share: &VZDirectoryShare) -> Retained<VZDirectorySharingDeviceConfiguration> {
    // SAFETY: as above.
    unsafe {
        let device = VZVirtioFileSystemDeviceConfiguration::alloc();
        let device = VZVirtioFileSystemDeviceConfiguration::initWithTag(device, &NSString::from_str(tag));
        device.setShare(Some(share));
        device.into_super()
    }
}

fn directory(path: &str, read_only: bool) -> Retained<VZSharedDirectory> {
    let url = file_url(Path::new(path));
    // SAFETY: as above.
    unsafe { VZSharedDirectory::initWithURL_readOnly(VZSharedDirectory::alloc(), &url, read_only) }
}

/// Gives a configuration one or more of everything, and returns what it then is.
fn fill(configuration: &VZVirtualMachineConfiguration, files: &[&Path; 3]) -> Value {
    let [kernel, initramfs, image] = *files;
    let (network, _far) = UnixDatagram::pair().unwrap();
    let (console, _other) = UnixStream::pair().unwrap();
    let (network_inode, console_inode) = (inode(&network), inode(&console));
    add_network(configuration, network, 9000);
    add_console(configuration, console);
    // SAFETY: as above.
    let identifier = unsafe {
        let loader = VZLinuxBootLoader::initWithKernelURL(VZLinuxBootLoader::alloc(), &file_url(kernel));
        loader.setInitialRamdiskURL(Some(&file_url(initramfs)));
        loader.setCommandLine(&NSString::from_str("console=hvc0 panic=0"));
        configuration.setBootLoader(Some(&loader));
        configuration.setCPUCount(3);
        configuration.setMemorySize(96 << 20);
        let identifier = VZGenericMachineIdentifier::new();
        let platform = VZGenericPlatformConfiguration::new();
        platform.setMachineIdentifier(&identifier);
        platform.setNestedVirtualizationEnabled(true);
        configuration.setPlatform(&platform);
        identifier.dataRepresentation().to_vec()
    };
    let disks = [
        disk(image, true, VZDiskImageSynchronizationMode::None, "layer"),
        disk(image, false, VZDiskImageSynchronizationMode::Fsync, "root"),
        disk(image, true, VZDiskImageSynchronizationMode::Full, ""),
    ];
    let names = ["b", "a"].map(NSString::from_str);
    let directories = [directory("/", true), directory("/proc", false)];
    // SAFETY: as above.
    let shares: [Retained<VZDirectoryShare>; 3] = unsafe {
        let named = NSDictionary::from_retained_objects(&[&*names[0], &*names[1]], &directories);
        let several = VZMultipleDirectoryShare::initWithDirectories(VZMultipleDirectoryShare::alloc(), &named);
        let single = VZSingleDirectoryShare::alloc();
        let single = VZSingleDirectoryShare::initWithDirectory(single, &directory("/", true));
        let rosetta = VZLinuxRosettaDirectoryShare::initWithError(VZLinuxRosettaDirectoryShare::alloc());
        [several.into_super(), single.into_super(), rosetta.unwrap().into_super()]
    };
    let tags = ["several", "single", "translator"];
    let file_systems: Vec<_> = tags
        .iter()
        .zip(&shares)
        .map(|(tag, share)| file_system(tag, share))
        .collect();
    // SAFETY: as above.
    let mac_address = unsafe {
        let device = configuration.networkDevices().objectAtIndex(0);
        let text = NSString::from_str("5A:94:ef:e4:0c:ee");
        device.setMACAddress(&VZMACAddress::initWithString(VZMACAddress::alloc(), &text).unwrap());
        configuration.setStorageDevices(&NSArray::from_retained_slice(&disks));
        configuration.setDirectorySharingDevices(&NSArray::from_retained_slice(&file_systems));
        let entropy = VZVirtioEntropyDeviceConfiguration::new().into_super();
        configuration.setEntropyDevices(&NSArray::from_retained_slice(&[entropy]));
        let balloon = VZVirtioTraditionalMemoryBalloonDeviceConfiguration::new().into_super();
        configuration.setMemoryBalloonDevices(&NSArray::from_retained_slice(&[balloon]));
        device.MACAddress().string().to_string()
    };
    json!({
        "kernel": kernel,
        "initramfs": initramfs,
        "command_line": "console=hvc0 panic=0",
        "cpu_count": 3,
        "memory_bytes": 96 << 20,
        "machine_identifier": identifier,
        "nested_virtualization": true,
        "disks": [
            {"path": image, "read_only": true, "caching": "cached", "synchronization": "none", "identifier": "layer"},
            {"path": image, "read_only": false, "caching": "cached", "synchronization": "fsync", "identifier": "root"},
            {"path": image, "read_only": true, "caching": "cached", "synchronization": "full", "identifier": ""},
        ],
        "networks": [{"mac_address": mac_address, "mtu_bytes": 9000, "inode": network_inode}],
        "shares": [
            {"tag": "several", "directories": [
                {"name": "a", "path": "/proc", "read_only": false},
                {"name": "b", "path": "/", "read_only": true},
            ]},
            {"tag": "single", "directories": [{"name": null, "path": "/", "read_only": true}]},
        ],
        "rosetta_tag": "translator",
        "serial_ports": [{"input_inode": null, "output_inode": console_inode}],
        "entropy_devices": 1,
        "balloon_devices": 1,
        "socket_devices": 1,
    })
}

/// Without the numbers of descriptors, which only the stand-in knows.
fn without_descriptors(mut description: Value) -> Value {
    for (list, keys) in [
        ("networks", ["descriptor"].as_slice()),
        ("serial_ports", &["input_descriptor", "output_descriptor"]),
    ] {
        for device in description[list].as_array_mut().unwrap() {
            let device = device.as_object_mut().unwrap();
            keys.iter()
                .for_each(|key| assert!(device.remove(*key).is_some(), "{device:?} without {key}"));
        }
    }
    description
}

const FAULTS: &str = "rosetta=installed,nested-virtualization";

#[test]
fn every_value_of_a_configuration_is_described() {
    alone(FAULTS, || {
        let [kernel, initramfs, image] = [(); 3].map(|()| tempfile::NamedTempFile::new().unwrap());
        let configuration = smallest();
        let expected = fill(&configuration, &[kernel.path(), initramfs.path(), image.path()]);
        assert_eq!(without_descriptors(describe(&configuration)), expected);
        assert_eq!(expected["networks"][0]["mac_address"], "5a:94:ef:e4:0c:ee");
    })
    .succeeded();
}

#[test]
fn the_description_of_a_machine_is_that_of_its_making() {
    alone(FAULTS, || {
        assert_eq!(describe_last(), Value::Null);
        let [kernel, initramfs, image] = [(); 3].map(|()| tempfile::NamedTempFile::new().unwrap());
        let mut expected = Value::Null;
        let _machine = TestMachine::new(|configuration| {
            expected = fill(configuration, &[kernel.path(), initramfs.path(), image.path()]);
        });
        assert_eq!(without_descriptors(describe_last()), expected);
    })
    .succeeded();
}

#[test]
fn a_machine_keeps_what_it_was_configured_with() {
    alone("", || {
        let (network, far) = UnixDatagram::pair().unwrap();
        let machine = TestMachine::new(move |configuration| {
            add_network(configuration, network, 1500);
        });
        far.send(b"frame").unwrap();
        drop(machine);
        far.send(b"frame").unwrap_err();
    })
    .succeeded();
}

#[test]
fn an_identifier_is_made_of_its_representation_only() {
    alone("", || {
        // SAFETY: identifiers are plain values.
        unsafe {
            let [one, other] = [(); 2].map(|()| VZGenericMachineIdentifier::new());
            assert_ne!(one, other);
            let data = one.dataRepresentation();
            let same = VZGenericMachineIdentifier::alloc();
            let same = VZGenericMachineIdentifier::initWithDataRepresentation(same, &data).unwrap();
            assert_eq!(one, same);
            let nonsense = NSData::with_bytes(b"nonsense");
            let none = VZGenericMachineIdentifier::alloc();
            assert!(VZGenericMachineIdentifier::initWithDataRepresentation(none, &nonsense).is_none());
        }
    })
    .succeeded();
}
