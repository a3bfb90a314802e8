//! A machine's driver on a piece of memory: what it sends, and what comes back when.

mod driver;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;
use vhost::vhost_user::message::{VhostTransferStateDirection, VhostTransferStatePhase};
use vhost_user_backend::VhostUserBackend as _;
use virtiofsd::fuse::Opcode;

use crate::serve::device::Device;
use crate::serve::filesystem::Filesystem;
use crate::serve::locks::LockKind;
use driver::{Answer, Driver, words};

const REQUESTS: usize = 1;
const URGENT: usize = 0;
const EXCLUSIVE: Option<LockKind> = Some(LockKind::Exclusive);

/// A driver that has opened a file of the host, and the file there.
struct Opened {
    driver: Driver,
    node: u64,
    handle: u64,
    of_host: File,
    _host: TempDir,
}

impl Opened {
    fn new() -> Self {
        let host = tempfile::tempdir().unwrap();
        fs::write(host.path().join("file"), "content").unwrap();
        let mut driver = Driver::new(host.path());
        let mut parent = 1;
        for name in [&b"tree\0"[..], b"file\0"] {
            driver.send(REQUESTS, Opcode::Lookup, parent, name);
            parent = driver.answer(REQUESTS).body(0);
        }
        driver.send(REQUESTS, Opcode::Open, parent, &words(&[libc::O_RDWR as u64]));
        let handle = driver.answer(REQUESTS).body(0);
        Self {
            driver,
            node: parent,
            handle,
            of_host: File::open(host.path().join("file")).unwrap(),
            _host: host,
        }
    }

    fn host(&self, operation: FlockOperation) -> bool {
        flock(&self.of_host, operation).is_ok()
    }

    /// Sends a request about a lock, of the whole file or of ten bytes for an owner, and returns its number.
    fn ask(&mut self, opcode: Opcode, owner: Option<u64>, kind: Option<LockKind>) -> u64 {
        let kind = LockKind::number(kind).cast_unsigned();
        let type_and_process = u64::from(kind) | 77 << 32;
        let flags = u64::from(owner.is_none());
        let body = words(&[self.handle, owner.unwrap_or(1), 0, 9, type_and_process, flags]);
        self.driver.send(REQUESTS, opcode, self.node, &body)
    }

    fn error(&mut self, opcode: Opcode, owner: Option<u64>, kind: Option<LockKind>) -> i32 {
        let unique = self.ask(opcode, owner, kind);
        let answer = self.driver.answer(REQUESTS);
        assert_eq!(answer.unique, unique);
        answer.error
    }

    fn hears_nothing(&mut self) -> bool {
        self.driver
            .answer_within(REQUESTS, Duration::from_millis(200))
            .is_none()
    }
}

/// What a device writes into the file that its state goes to.
fn saved(device: &Device) -> io::Result<Vec<u8>> {
    let (mut reader, writer) = io::pipe().unwrap();
    let file = File::from(OwnedFd::from(writer));
    let (direction, phase) = (VhostTransferStateDirection::SAVE, VhostTransferStatePhase::STOPPED);
    assert!(device.set_device_state_fd(direction, phase, file)?.is_none());
    let mut state = Vec::new();
    reader.read_to_end(&mut state)?;
    device.check_device_state().map(|()| state)
}

#[test]
fn a_machine_can_be_saved_until_it_has_asked_for_something() {
    let unused = Device::new(Filesystem::new(&[], 100, 16).unwrap());
    assert!(saved(&unused).unwrap().is_empty());

    let host = tempfile::tempdir().unwrap();
    let used = Driver::new(host.path()).device;
    assert!(saved(&used).is_err());
    used.reset_device();
    assert!(saved(&used).is_err());
}

#[test]
fn the_kernel_is_told_that_there_are_locks() {
    let host = tempfile::tempdir().unwrap();
    let mut driver = Driver::new(host.path());
    let (posix, flock) = (1 << 1, 1 << 10);
    let version = 7 | 38 << 32;
    driver.send(REQUESTS, Opcode::Init, 0, &words(&[version, (posix | flock) << 32]));
    let flags = driver.answer(REQUESTS).body(1) >> 32;
    assert_eq!(flags & (posix | flock), posix | flock);
}

#[test]
fn a_lock_is_refused_or_taken_at_once() {
    let mut opened = Opened::new();
    assert!(opened.host(FlockOperation::NonBlockingLockExclusive));
    assert_eq!(opened.error(Opcode::Setlk, None, EXCLUSIVE), -libc::EAGAIN);
    assert!(opened.host(FlockOperation::NonBlockingUnlock));
    assert_eq!(opened.error(Opcode::Setlk, None, EXCLUSIVE), 0);
    assert!(!opened.host(FlockOperation::NonBlockingLockExclusive));
    assert_eq!(opened.error(Opcode::Setlkw, None, None), 0);
    assert!(opened.host(FlockOperation::NonBlockingLockExclusive));
}

#[test]
fn what_is_in_the_way_is_told() {
    let mut opened = Opened::new();
    assert_eq!(opened.error(Opcode::Setlk, Some(5), EXCLUSIVE), 0);
    let (write, none) = (libc::F_WRLCK as u64, libc::F_UNLCK as u64);
    for (owner, expected) in [(6, [0, 9, write | 77 << 32]), (5, [0, 0, none])] {
        opened.ask(Opcode::Getlk, Some(owner), EXCLUSIVE);
        let answer = opened.driver.answer(REQUESTS);
        assert_eq!(answer.error, 0);
        assert_eq!([answer.body(0), answer.body(1), answer.body(2)], expected);
    }
    assert_eq!(opened.error(Opcode::Getlk, Some(5), None), -libc::EINVAL);
}

#[test]
fn a_request_that_waits_keeps_nobody_else_waiting() {
    let mut opened = Opened::new();
    assert!(opened.host(FlockOperation::NonBlockingLockExclusive));
    let waiting = opened.ask(Opcode::Setlkw, None, EXCLUSIVE);
    assert!(opened.hears_nothing());
    assert_eq!(opened.error(Opcode::Setlk, Some(5), EXCLUSIVE), 0);
    assert!(opened.host(FlockOperation::NonBlockingUnlock));
    let answer = opened.driver.answer(REQUESTS);
    assert_eq!((answer.unique, answer.error), (waiting, 0));
    assert!(!opened.host(FlockOperation::NonBlockingLockExclusive));
}

#[test]
fn a_request_that_waits_can_be_interrupted() {
    let mut opened = Opened::new();
    assert!(opened.host(FlockOperation::NonBlockingLockExclusive));
    let waiting = opened.ask(Opcode::Setlkw, None, EXCLUSIVE);
    opened.driver.send(URGENT, Opcode::Interrupt, 0, &words(&[waiting]));
    let answer = opened.driver.answer(REQUESTS);
    assert_eq!((answer.unique, answer.error), (waiting, -libc::EINTR));
    let interrupt: Answer = opened.driver.answer(URGENT);
    assert_eq!(interrupt.length, 0, "an interrupt has no answer");
}

#[test]
fn a_paused_machine_gets_its_answer_afterwards() {
    let mut opened = Opened::new();
    assert!(opened.host(FlockOperation::NonBlockingLockExclusive));
    let waiting = opened.ask(Opcode::Setlkw, None, EXCLUSIVE);
    opened.driver.pause();
    assert!(opened.host(FlockOperation::NonBlockingUnlock));
    assert!(opened.hears_nothing());
    opened.driver.resume();
    assert_eq!(opened.driver.answer(REQUESTS).unique, waiting);
}

#[test]
fn what_is_no_lock_is_refused() {
    let mut opened = Opened::new();
    let body = |first: u64, last: u64, kind: u64| words(&[opened.handle, 5, first, last, kind, 0]);
    let wrong = [body(9, 0, 0), body(0, u64::MAX, 0), body(0, 9, 3)];
    for body in wrong {
        for opcode in [Opcode::Setlk, Opcode::Setlkw, Opcode::Getlk] {
            opened.driver.send(REQUESTS, opcode, opened.node, &body);
            assert_eq!(opened.driver.answer(REQUESTS).error, -libc::EINVAL);
        }
    }
}
