//! What the framework refuses before and at the start.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_vz_tests::configuration::{add_network, file_url, smallest};
use container_vz_tests::failure::Failure;
use container_vz_tests::machine::TestMachine;
use container_vz_tests::process::alone;
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2_foundation::{NSArray, NSString};
use objc2_virtualization::{
    VZDiskImageCachingMode, VZDiskImageStorageDeviceAttachment, VZDiskImageSynchronizationMode, VZSharedDirectory,
    VZSingleDirectoryShare, VZVirtioBlockDeviceConfiguration, VZVirtioFileSystemDeviceConfiguration,
    VZVirtioSocketDeviceConfiguration, VZVirtualMachineConfiguration,
};
use std::fs::File;
use std::net::UdpSocket;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;

fn attach(path: &Path, read_only: bool) -> Result<Retained<VZDiskImageStorageDeviceAttachment>, Failure> {
    // SAFETY: attachments are plain values.
    unsafe {
        VZDiskImageStorageDeviceAttachment::initWithURL_readOnly_cachingMode_synchronizationMode_error(
            VZDiskImageStorageDeviceAttachment::alloc(),
            &file_url(path),
            read_only,
            VZDiskImageCachingMode::Cached,
            VZDiskImageSynchronizationMode::Fsync,
        )
    }
    .map_err(|error| Failure::of(&error))
}

fn add_disk(configuration: &VZVirtualMachineConfiguration, path: &Path, read_only: bool) {
    let attachment = attach(path, read_only).unwrap();
    // SAFETY: configurations are plain values.
    unsafe {
        let device = VZVirtioBlockDeviceConfiguration::alloc();
        let device = VZVirtioBlockDeviceConfiguration::initWithAttachment(device, &attachment);
        configuration.setStorageDevices(&NSArray::from_retained_slice(&[device.into_super()]));
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&VZVirtualMachineConfiguration), words: &str) {
    let configuration = smallest();
    change(&configuration);
    // SAFETY: configurations are plain values.
    let error = unsafe { configuration.validateWithError() }.unwrap_err();
    let failure = Failure::of(&error);
    assert!(
        failure.is("VZErrorDomain", 2) && failure.text.contains(words),
        "{failure:?}"
    );
}

#[test]
fn a_disk_that_is_not_there_is_refused() {
    alone("", || {
        let failure = attach(Path::new("/nowhere/disk"), true).unwrap_err();
        assert!(failure.is("NSPOSIXErrorDomain", 45), "{failure:?}");
    })
    .succeeded();
}

#[test]
fn a_disk_of_part_of_a_sector_is_refused() {
    alone("", || {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(512 + 1).unwrap();
        let failure = attach(file.path(), true).unwrap_err();
        assert!(failure.is("VZErrorDomain", 2), "{failure:?}");
        file.as_file().set_len(512).unwrap();
        attach(file.path(), true).unwrap();
    })
    .succeeded();
}

#[test]
fn a_disk_that_two_machines_write_is_refused_to_the_second() {
    alone("", || {
        let file = tempfile::NamedTempFile::new().unwrap();
        let machines = [0, 1].map(|_| TestMachine::new(|configuration| add_disk(configuration, file.path(), false)));
        machines[0].start().unwrap();
        let failure = machines[1].start().unwrap_err();
        let is_named = failure.text.contains("storage device attachment is invalid");
        assert!(failure.is("VZErrorDomain", 2) && is_named, "{failure:?}");
        machines[0].stop().unwrap();
        machines[1].start().unwrap();
    })
    .succeeded();
}

#[test]
fn a_disk_that_somebody_has_locked_is_refused() {
    alone("", || {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lock = File::open(file.path()).unwrap();
        lock.lock().unwrap();
        let machine = TestMachine::new(|configuration| add_disk(configuration, file.path(), false));
        let failure = machine.start().unwrap_err();
        assert!(failure.is("VZErrorDomain", 2), "{failure:?}");
    })
    .succeeded();
}

#[test]
fn a_disk_that_is_only_read_is_shared() {
    alone("", || {
        let file = tempfile::NamedTempFile::new().unwrap();
        let machines = [0, 1].map(|_| TestMachine::new(|configuration| add_disk(configuration, file.path(), true)));
        machines[0].start().unwrap();
        machines[1].start().unwrap();
    })
    .succeeded();
}

#[test]
fn a_machine_without_a_kernel_is_refused() {
    alone("", || {
        // SAFETY: configurations are plain values; so below.
        refused(
            |configuration| unsafe { configuration.setBootLoader(None) },
            "bootLoader",
        );
        refused(
            |configuration| {
                // SAFETY: as above.
                let loader = unsafe { configuration.bootLoader() }.unwrap();
                let loader = loader.downcast::<objc2_virtualization::VZLinuxBootLoader>().unwrap();
                // SAFETY: as above.
                unsafe { loader.setKernelURL(&file_url(Path::new("/nowhere/kernel"))) };
            },
            "boot loader is invalid",
        );
    })
    .succeeded();
}

#[test]
fn processors_and_memory_have_bounds() {
    alone("", || {
        // SAFETY: configurations are plain values; so below.
        let (cpus, bytes) = unsafe {
            (
                VZVirtualMachineConfiguration::maximumAllowedCPUCount(),
                VZVirtualMachineConfiguration::maximumAllowedMemorySize(),
            )
        };
        for count in [0, cpus + 1] {
            // SAFETY: as above.
            refused(
                |configuration| unsafe { configuration.setCPUCount(count) },
                "processors",
            );
        }
        for size in [0, bytes + (1 << 20), (64 << 20) + 1] {
            // SAFETY: as above.
            refused(
                |configuration| unsafe { configuration.setMemorySize(size) },
                "memory size",
            );
        }
    })
    .succeeded();
}

#[test]
fn a_network_has_a_connected_datagram_socket_and_frames_that_fit() {
    alone("", || {
        for mtu_bytes in [1499, 65536] {
            let (near, _far) = UnixDatagram::pair().unwrap();
            refused(
                |configuration| add_network(configuration, near, mtu_bytes),
                "transmission unit",
            );
        }
        let (stream, _far) = UnixStream::pair().unwrap();
        refused(
            |configuration| add_network(configuration, stream, 1500),
            "datagram socket",
        );
        let lonely = UdpSocket::bind("127.0.0.1:0").unwrap();
        refused(
            |configuration| add_network(configuration, lonely, 1500),
            "datagram socket",
        );
        let (near, _far) = UnixDatagram::pair().unwrap();
        let configuration = smallest();
        add_network(&configuration, near, 65535);
        // SAFETY: configurations are plain values.
        unsafe { configuration.validateWithError() }.unwrap();
    })
    .succeeded();
}

#[test]
fn two_file_systems_with_one_tag_are_refused() {
    alone("", || {
        refused(
            |configuration| {
                let device = || {
                    let url = file_url(Path::new("/"));
                    // SAFETY: configurations are plain values.
                    unsafe {
                        let directory = VZSharedDirectory::initWithURL_readOnly(VZSharedDirectory::alloc(), &url, true);
                        let share = VZSingleDirectoryShare::alloc();
                        let share = VZSingleDirectoryShare::initWithDirectory(share, &directory);
                        let device = VZVirtioFileSystemDeviceConfiguration::alloc();
                        let tag = NSString::from_str("one");
                        let device = VZVirtioFileSystemDeviceConfiguration::initWithTag(device, &tag);
                        device.setShare(Some(&share));
                        device.into_super()
                    }
                };
                let devices = NSArray::from_retained_slice(&[device(), device()]);
                // SAFETY: as above.
                unsafe { configuration.setDirectorySharingDevices(&devices) };
            },
            "one tag",
        );
    })
    .succeeded();
}

#[test]
fn two_socket_devices_are_refused() {
    alone("", || {
        refused(
            |configuration| {
                // SAFETY: configurations are plain values.
                unsafe {
                    let device = || VZVirtioSocketDeviceConfiguration::new().into_super();
                    configuration.setSocketDevices(&NSArray::from_retained_slice(&[device(), device()]));
                }
            },
            "socket device",
        );
    })
    .succeeded();
}
