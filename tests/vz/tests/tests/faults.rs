//! Every fault that the stand-in plays.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use container_vz_tests::configuration::{add_console, add_network, smallest};
use container_vz_tests::delegate::Event;
use container_vz_tests::failure::Failure;
use container_vz_tests::machine::TestMachine;
use container_vz_tests::process::alone;
use container_vz_tests::report::leaks;
use objc2::AllocAnyThread as _;
use objc2_virtualization::{
    VZGenericPlatformConfiguration, VZLinuxRosettaAvailability, VZLinuxRosettaDirectoryShare, VZVirtualMachine,
};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// Longer than anything takes that is going to happen.
const LONG: Duration = Duration::from_secs(30);
/// Longer than anything takes that should have happened by now.
const SHORT: Duration = Duration::from_millis(200);

fn validation() -> Result<(), Failure> {
    // SAFETY: configurations are plain values.
    unsafe { smallest().validateWithError() }.map_err(|error| Failure::of(&error))
}

#[test]
fn without_faults_everything_is_well() {
    alone("", || {
        // SAFETY: may be asked by every thread.
        assert!(unsafe { VZVirtualMachine::isSupported() });
        validation().unwrap();
    })
    .succeeded();
}

#[test]
fn not_supported_is_said_by_the_class_and_by_validation() {
    alone("not-supported", || {
        // SAFETY: as above.
        assert!(!unsafe { VZVirtualMachine::isSupported() });
        let failure = validation().unwrap_err();
        assert!(
            failure.is("VZErrorDomain", 2) && !failure.text.contains("entitlement"),
            "{failure:?}"
        );
    })
    .succeeded();
}

#[test]
fn not_entitled_is_said_by_validation_with_the_name_of_the_entitlement() {
    alone("not-entitled", || {
        let failure = validation().unwrap_err();
        let is_named = failure.text.contains("com.apple.security.virtualization");
        assert!(failure.is("VZErrorDomain", 2) && is_named, "{failure:?}");
    })
    .succeeded();
}

#[test]
fn start_fails_is_an_internal_error() {
    alone("start-fails", || {
        let machine = TestMachine::new(|_| {});
        let failure = machine.start().unwrap_err();
        assert!(failure.is("VZErrorDomain", 1), "{failure:?}");
        assert_eq!(machine.state(), 3);
    })
    .succeeded();
}

#[test]
fn machine_limit_is_an_error_of_its_own() {
    alone("machine-limit", || {
        let failure = TestMachine::new(|_| {}).start().unwrap_err();
        assert!(failure.is("VZErrorDomain", 6), "{failure:?}");
    })
    .succeeded();
}

#[test]
fn connect_refused_counts_attempts() {
    alone("connect-refused=2", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        for _ in 0..2 {
            let failure = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap_err();
            assert!(failure.is("NSPOSIXErrorDomain", 54), "{failure:?}");
        }
        machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
    })
    .succeeded();
}

#[test]
fn connect_silent_keeps_the_handler_until_the_machine_ends() {
    alone("connect-silent", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let answer = machine.connect(1024);
        assert_eq!(answer.recv_timeout(SHORT).unwrap_err(), RecvTimeoutError::Timeout);
        machine.stop().unwrap();
        assert_eq!(answer.recv_timeout(LONG).unwrap_err(), RecvTimeoutError::Disconnected);
        drop(machine);
        assert_eq!(leaks(), [""; 0]);
    })
    .succeeded();
}

#[test]
fn connect_late_answers_after_its_time() {
    alone("connect-late=100", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let begin = Instant::now();
        machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(100));
    })
    .succeeded();
}

#[test]
fn an_attempt_that_outlives_its_machine_lets_go_of_its_handler() {
    alone("connect-late=100", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let answer = machine.connect(1024);
        drop(machine);
        assert_eq!(answer.recv_timeout(LONG).unwrap_err(), RecvTimeoutError::Disconnected);
        assert_eq!(leaks(), [""; 0]);
    })
    .succeeded();
}

#[test]
fn guest_stops_is_told_to_the_delegate() {
    alone("guest-stops", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let mut stream = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
        assert_eq!(machine.events.recv_timeout(LONG), Ok(Event::Stopped));
        assert_eq!(machine.state(), 0);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        drop(machine);
        assert_eq!(leaks(), [""; 0]);
    })
    .succeeded();
}

#[test]
fn a_delegate_that_nobody_keeps_is_told_nothing() {
    alone("guest-stops", || {
        let machine = TestMachine::new(|_| {});
        machine.on_queue(|objects| drop(objects.delegate.take()));
        machine.start().unwrap();
        // Its end of the channel went with the delegate.
        machine.events.recv_timeout(LONG).unwrap_err();
        let begin = Instant::now();
        while machine.state() != 0 {
            assert!(begin.elapsed() < LONG, "the guest does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    })
    .succeeded();
}

#[test]
fn a_stop_by_the_host_is_not_told_to_the_delegate() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        machine.stop().unwrap();
        machine.events.recv_timeout(SHORT).unwrap_err();
    })
    .succeeded();
}

#[test]
fn stop_with_error_is_told_to_the_delegate() {
    alone("stop-with-error=10", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        match machine.events.recv_timeout(LONG).unwrap() {
            Event::Failed(failure) => assert!(failure.is("VZErrorDomain", 1), "{failure:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(machine.state(), 3);
    })
    .succeeded();
}

#[test]
fn guest_reset_ends_connections_and_tells_nobody() {
    alone("guest-reset=100", || {
        let (output, console) = UnixStream::pair().unwrap();
        let machine = TestMachine::new(move |configuration| add_console(configuration, output));
        machine.start().unwrap();
        let mut stream = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        // It says again that it has started.
        assert_eq!(BufReader::new(console).lines().take(2).filter(Result::is_ok).count(), 2);
        machine.events.recv_timeout(SHORT).unwrap_err();
        assert_eq!(machine.state(), 1);
        machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
    })
    .succeeded();
}

#[test]
fn network_detached_takes_the_attachment_away_until_it_is_put_back() {
    alone("network-detached", || {
        let (near, _far) = UnixDatagram::pair().unwrap();
        let machine = TestMachine::new(move |configuration| add_network(configuration, near, 1500));
        // SAFETY: on the machine's queue; so below.
        let attachment = machine.on_queue(|objects| unsafe {
            let device = objects.machine.networkDevices().objectAtIndex(0);
            container_vz_tests::sent::Sent::new(device.attachment())
        });
        machine.start().unwrap();
        match machine.events.recv_timeout(LONG).unwrap() {
            Event::Disconnected(failure) => assert!(failure.is("VZErrorDomain", 7), "{failure:?}"),
            other => panic!("{other:?}"),
        }
        // SAFETY: as above.
        machine.on_queue(move |objects| unsafe {
            let device = objects.machine.networkDevices().objectAtIndex(0);
            assert!(device.attachment().is_none());
            let attachment = attachment.value();
            device.setAttachment(attachment.as_deref());
            assert_eq!(device.attachment(), attachment);
        });
    })
    .succeeded();
}

#[test]
fn panic_is_seen_on_the_console() {
    alone("panic=10", || {
        let (output, console) = UnixStream::pair().unwrap();
        let machine = TestMachine::new(move |configuration| add_console(configuration, output));
        machine.start().unwrap();
        let mut lines = BufReader::new(console).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.contains("Kernel panic - not syncing"))));
        assert_eq!(machine.state(), 1, "a guest that has panicked goes on");
    })
    .succeeded();
}

#[test]
fn save_refused_is_said_by_validation_and_by_saving() {
    alone("save-refused", || {
        // SAFETY: configurations are plain values.
        let error = unsafe { smallest().validateSaveRestoreSupportWithError() }.unwrap_err();
        assert!(Failure::of(&error).is("VZErrorDomain", 10), "{error:?}");
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        machine.pause().unwrap();
        let failure = machine.save(std::path::Path::new("/nowhere/state")).unwrap_err();
        assert!(failure.is("VZErrorDomain", 11), "{failure:?}");
    })
    .succeeded();
}

fn rosetta(word: &str, expected: VZLinuxRosettaAvailability) {
    // SAFETY: shares are plain values.
    let (availability, share) = unsafe {
        let share = VZLinuxRosettaDirectoryShare::initWithError(VZLinuxRosettaDirectoryShare::alloc());
        (VZLinuxRosettaDirectoryShare::availability(), share)
    };
    assert_eq!(availability, expected, "{word}");
    assert_eq!(
        share.is_ok(),
        expected == VZLinuxRosettaAvailability::Installed,
        "{word}"
    );
}

#[test]
fn rosetta_is_there_or_not() {
    alone("", || rosetta("", VZLinuxRosettaAvailability::NotSupported)).succeeded();
}

#[test]
fn rosetta_is_there_when_asked_for() {
    let word = "rosetta=installed";
    alone(word, || rosetta(word, VZLinuxRosettaAvailability::Installed)).succeeded();
}

#[test]
fn rosetta_is_not_installed_when_asked_for() {
    let word = "rosetta=not-installed";
    alone(word, || rosetta(word, VZLinuxRosettaAvailability::NotInstalled)).succeeded();
}

#[test]
fn nested_virtualization_is_offered_when_asked_for() {
    alone("nested-virtualization", || {
        // SAFETY: platforms are plain values.
        unsafe {
            assert!(VZGenericPlatformConfiguration::isNestedVirtualizationSupported());
            let platform = VZGenericPlatformConfiguration::new();
            platform.setNestedVirtualizationEnabled(true);
            assert!(platform.isNestedVirtualizationEnabled());
        }
    })
    .succeeded();
}

#[test]
fn an_unknown_fault_ends_the_process() {
    alone("start-failed", || {
        let _ = validation();
    })
    .aborted_with("the unknown word \"start-failed\"");
}
