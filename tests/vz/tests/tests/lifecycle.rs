//! The life of a machine: start, connections, pause, stop, and that nothing is left of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]

use container_vz_tests::configuration::add_console;
use container_vz_tests::machine::TestMachine;
use container_vz_tests::process::alone;
use container_vz_tests::report::leaks;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Longer than anything takes that is going to happen.
const LONG: Duration = Duration::from_secs(30);
/// `VZVirtualMachineState` of the bindings.
const STOPPED: isize = 0;
const RUNNING: isize = 1;
const PAUSED: isize = 2;

fn ping(stream: &mut UnixStream) {
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[test]
fn a_duplicate_of_a_connection_is_a_stream_to_the_guest() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let mut stream = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
        ping(&mut stream);
        machine.stop().unwrap();
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 0, "the stream outlives the machine");
    })
    .succeeded();
}

#[test]
fn nothing_is_left_of_a_machine() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let stream = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
        machine.stop().unwrap();
        drop((machine, stream));
        assert_eq!(leaks(), [""; 0]);
    })
    .succeeded();
}

#[test]
fn nothing_is_left_of_a_machine_that_is_released_while_it_runs() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        let mut stream = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap();
        drop(machine);
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 0, "the guest outlives the machine");
        assert_eq!(leaks(), [""; 0]);
    })
    .succeeded();
}

#[test]
fn a_machine_starts_again_after_its_stop() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        assert_eq!(machine.state(), STOPPED);
        for _ in 0..2 {
            machine.start().unwrap();
            assert_eq!(machine.state(), RUNNING);
            ping(&mut machine.connect(1024).recv_timeout(LONG).unwrap().unwrap());
            machine.stop().unwrap();
            assert_eq!(machine.state(), STOPPED);
        }
    })
    .succeeded();
}

#[test]
fn a_machine_is_halted_and_goes_on() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        machine.pause().unwrap();
        assert_eq!(machine.state(), PAUSED);
        let refused = machine.connect(1024).recv_timeout(LONG).unwrap().unwrap_err();
        assert!(refused.is("VZErrorDomain", 3), "{refused:?}");
        machine.resume().unwrap();
        ping(&mut machine.connect(1024).recv_timeout(LONG).unwrap().unwrap());
        machine.pause().unwrap();
        machine.stop().unwrap();
    })
    .succeeded();
}

#[test]
fn a_change_that_the_state_does_not_allow_is_an_error() {
    alone("", || {
        let machine = TestMachine::new(|_| {});
        let wrong = |outcome: Result<(), container_vz_tests::failure::Failure>| {
            let failure = outcome.unwrap_err();
            assert!(failure.is("VZErrorDomain", 4), "{failure:?}");
        };
        wrong(machine.stop());
        wrong(machine.pause());
        wrong(machine.resume());
        machine.start().unwrap();
        wrong(machine.start());
        wrong(machine.resume());
        wrong(machine.save(std::path::Path::new("/nowhere")));
        wrong(machine.restore(std::path::Path::new("/nowhere")));
    })
    .succeeded();
}

#[test]
fn a_saved_machine_is_restored_halted_and_only_into_its_like() {
    alone("", || {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state");
        let machine = TestMachine::new(|_| {});
        machine.start().unwrap();
        machine.pause().unwrap();
        machine.save(&file).unwrap();
        let again = machine.save(&file).unwrap_err();
        assert!(again.is("VZErrorDomain", 11), "a file is replaced: {again:?}");
        machine.stop().unwrap();
        machine.restore(&file).unwrap();
        assert_eq!(machine.state(), PAUSED);
        machine.resume().unwrap();
        ping(&mut machine.connect(1024).recv_timeout(LONG).unwrap().unwrap());

        let (output, _console) = UnixStream::pair().unwrap();
        let other = TestMachine::new(move |configuration| add_console(configuration, output));
        let refused = other.restore(&file).unwrap_err();
        assert!(refused.is("VZErrorDomain", 12), "{refused:?}");
        assert_eq!(other.state(), STOPPED);
    })
    .succeeded();
}

#[test]
fn the_console_ends_with_the_machine() {
    alone("", || {
        let (output, console) = UnixStream::pair().unwrap();
        let machine = TestMachine::new(move |configuration| add_console(configuration, output));
        machine.start().unwrap();
        let mut lines = BufReader::new(console).lines();
        assert_eq!(
            lines.next().unwrap().unwrap(),
            "container-vz-stub: the guest has started"
        );
        drop(machine);
        assert!(lines.next().is_none());
    })
    .succeeded();
}
