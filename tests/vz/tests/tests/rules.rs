//! The rules of the runtime and of the framework whose breach ends the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]
#![expect(unsafe_code, reason = "rules are broken here that safe code keeps")]

use block2::RcBlock;
use container_vz_tests::configuration::smallest;
use container_vz_tests::machine::TestMachine;
use container_vz_tests::process::alone;
use container_vz_tests::sent::Sent;
use dispatch2::{DispatchQueue, DispatchQueueAttr};
use objc2::rc::Retained;
use objc2::runtime::NSObject;
use objc2::{AllocAnyThread as _, msg_send};
use objc2_foundation::{NSArray, NSDictionary, NSError, NSString};
use objc2_virtualization::{
    VZDiskImageStorageDeviceAttachment, VZGenericPlatformConfiguration, VZMultipleDirectoryShare, VZSharedDirectory,
    VZVirtioBlockDeviceConfiguration, VZVirtioFileSystemDeviceConfiguration, VZVirtioSocketConnection,
    VZVirtioSocketDevice, VZVirtualMachine,
};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn a_message_to_a_machine_off_its_queue_aborts() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        let taken = machine.on_queue(|objects| Sent::new(objects.machine.clone())).value();
        // SAFETY: this is the breach.
        let _ = unsafe { taken.state() };
    })
    .aborted_with("-[VZVirtualMachine state] off the machine's queue \"test machine\": called outside of every queue");
}

#[test]
fn a_message_to_a_machine_on_another_queue_aborts() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        let taken = machine.on_queue(|objects| Sent::new(objects.machine.clone()));
        DispatchQueue::new("other", None).exec_sync(move || {
            // SAFETY: this is the breach.
            let _ = unsafe { taken.value().canStop() };
        });
    })
    .aborted_with(
        "-[VZVirtualMachine canStop] off the machine's queue \"test machine\": called on the queue \"other\"",
    );
}

#[test]
fn the_queue_of_a_machine_may_be_read_everywhere() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        let taken = machine.on_queue(|objects| Sent::new(objects.machine.clone())).value();
        // SAFETY: the documentation allows it.
        let queue = unsafe { taken.queue() };
        assert!(std::ptr::eq(&*queue, &*machine.queue));
    })
    .succeeded();
}

#[test]
fn the_release_of_a_machine_off_its_queue_aborts() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        let taken = machine.on_queue(|objects| Sent::new(objects.machine.clone())).value();
        drop(machine);
        drop(taken);
    })
    .aborted_with("-[VZVirtualMachine dealloc] off the machine's queue");
}

#[test]
fn the_release_of_a_device_off_its_queue_aborts() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        // SAFETY: on the machine's queue.
        let device = machine.on_queue(|objects| unsafe { Sent::new(objects.machine.socketDevices().objectAtIndex(0)) });
        drop(machine);
        drop(device.value());
    })
    .aborted_with("-[VZVirtioSocketDevice dealloc] off the machine's queue");
}

/// A connection itself, not a duplicate of its descriptor.
fn connection(machine: &TestMachine) -> Sent<Retained<VZVirtioSocketConnection>> {
    let (sender, connections) = mpsc::channel();
    machine.on_queue(move |objects| {
        let handler = RcBlock::new(move |connection: *mut VZVirtioSocketConnection, _error: *mut NSError| {
            // SAFETY: the handler is given a connection; one more owner is counted.
            let connection = unsafe { Retained::retain(connection) };
            let _ = sender.send(Sent::new(connection.unwrap()));
        });
        // SAFETY: this is the machine's queue.
        unsafe {
            let device = objects.machine.socketDevices().objectAtIndex(0);
            let device = device.downcast::<VZVirtioSocketDevice>().unwrap();
            device.connectToPort_completionHandler(1024, &handler);
        }
    });
    let connection = connections.recv_timeout(Duration::from_secs(30)).unwrap();
    // The job that called the handler lets go of the connection at its end.
    machine.on_queue(|_| ());
    connection
}

#[test]
fn the_release_of_a_connection_off_its_queue_aborts() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        drop(connection(&machine).value());
    })
    .aborted_with("-[VZVirtioSocketConnection dealloc] off the machine's queue");
}

#[test]
fn the_descriptor_of_a_connection_ends_with_the_guest() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let connection = connection(&machine);
        machine.stop().unwrap();
        machine.on_queue(move |_| {
            let connection = connection.value();
            // SAFETY: this is the machine's queue.
            let (port, descriptor) = unsafe { (connection.destinationPort(), connection.fileDescriptor()) };
            assert_eq!((port, descriptor), (1024, -1));
        });
    })
    .succeeded();
}

#[test]
fn waiting_for_ones_own_queue_aborts() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        let queue = machine.queue.clone();
        machine.on_queue(move |_| queue.exec_sync(|| {}));
    })
    .aborted_with("dispatch_sync onto the queue \"test machine\" from that queue");
}

#[test]
fn a_message_after_the_end_aborts() {
    alone("", || {
        let object = Retained::into_raw(NSObject::new());
        // SAFETY: this is the breach.
        unsafe {
            drop(Retained::from_raw(object));
            let _: usize = msg_send![object, hash];
        }
    })
    .aborted_with("after its end");
}

#[test]
fn one_release_too_many_aborts() {
    alone("", || {
        let object = Retained::into_raw(NSObject::new());
        // SAFETY: this is the breach.
        unsafe {
            drop(Retained::from_raw(object));
            drop(Retained::from_raw(object));
        }
    })
    .aborted_with("NSObject is released after its end");
}

#[test]
fn a_message_that_nobody_answers_aborts() {
    alone("", || {
        let configuration = smallest();
        // SAFETY: this is the breach.
        let _: usize = unsafe { msg_send![&*configuration, numberOfWheels] };
    })
    .aborted_with("-[VZVirtualMachineConfiguration numberOfWheels]: unrecognized selector");
}

#[test]
fn a_concurrent_queue_aborts() {
    alone("", || {
        let queue = DispatchQueue::new("wide", DispatchQueueAttr::concurrent());
        // SAFETY: this is the breach.
        unsafe { VZVirtualMachine::initWithConfiguration_queue(VZVirtualMachine::alloc(), &smallest(), &queue) };
    })
    .aborted_with("is not serial");
}

#[test]
fn a_machine_of_an_invalid_configuration_aborts() {
    alone("", || {
        // SAFETY: configurations are plain values.
        let _ = TestMachine::new(|configuration| unsafe { configuration.setCPUCount(0) });
    })
    .aborted_with("NSException: a machine is made of an invalid configuration");
}

#[test]
fn an_illegal_tag_is_refused_and_aborts_when_it_is_used() {
    alone("", || {
        for tag in ["", &"x".repeat(36)] {
            // SAFETY: a check of a value.
            unsafe { VZVirtioFileSystemDeviceConfiguration::validateTag_error(&NSString::from_str(tag)) }.unwrap_err();
        }
        let tag = NSString::from_str("");
        // SAFETY: this is the breach.
        unsafe {
            VZVirtioFileSystemDeviceConfiguration::initWithTag(VZVirtioFileSystemDeviceConfiguration::alloc(), &tag)
        };
    })
    .aborted_with("NSException: the tag \"\" of a file system is illegal");
}

#[test]
fn an_illegal_name_of_a_share_is_refused_and_aborts_when_it_is_used() {
    alone("", || {
        for name in ["", "a/b", ".", "..", &"x".repeat(256)] {
            // SAFETY: a check of a value.
            unsafe { VZMultipleDirectoryShare::validateName_error(&NSString::from_str(name)) }.unwrap_err();
        }
        let url = container_vz_tests::configuration::file_url(Path::new("/"));
        // SAFETY: this is the breach.
        unsafe {
            let directory = VZSharedDirectory::initWithURL_readOnly(VZSharedDirectory::alloc(), &url, true);
            let name = NSString::from_str("a/b");
            let directories = NSDictionary::from_retained_objects(&[&*name], &[directory]);
            VZMultipleDirectoryShare::initWithDirectories(VZMultipleDirectoryShare::alloc(), &directories);
        }
    })
    .aborted_with("NSException: the name \"a/b\" of a shared directory is illegal");
}

#[test]
fn an_illegal_identifier_of_a_disk_is_refused_and_aborts_when_it_is_used() {
    alone("", || {
        for identifier in ["ä", &"x".repeat(21)] {
            let identifier = NSString::from_str(identifier);
            // SAFETY: a check of a value.
            unsafe { VZVirtioBlockDeviceConfiguration::validateBlockDeviceIdentifier_error(&identifier) }.unwrap_err();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let url = container_vz_tests::configuration::file_url(file.path());
        // SAFETY: this is the breach.
        unsafe {
            let attachment = VZDiskImageStorageDeviceAttachment::alloc();
            let attachment = VZDiskImageStorageDeviceAttachment::initWithURL_readOnly_error(attachment, &url, true);
            let device = VZVirtioBlockDeviceConfiguration::alloc();
            let device = VZVirtioBlockDeviceConfiguration::initWithAttachment(device, &attachment.unwrap());
            device.setBlockDeviceIdentifier(&NSString::from_str("ä"));
        }
    })
    .aborted_with("NSException: the block device identifier \"ä\" is illegal");
}

#[test]
fn nested_virtualization_that_is_not_there_aborts() {
    alone("", || {
        // SAFETY: this is the breach.
        unsafe { VZGenericPlatformConfiguration::new().setNestedVirtualizationEnabled(true) };
    })
    .aborted_with("NSException: nested virtualization is enabled where it is not supported");
}

#[test]
fn an_index_beyond_an_array_aborts() {
    alone("", || {
        let array = NSArray::<NSObject>::from_retained_slice(&[]);
        let _ = array.objectAtIndex(0);
    })
    .aborted_with("NSRangeException");
}

#[test]
fn what_is_still_alive_at_the_end_is_listed() {
    alone("", || {
        let _ = Retained::into_raw(NSString::from_str("forgotten"));
    })
    .leaked("NSString");
}
