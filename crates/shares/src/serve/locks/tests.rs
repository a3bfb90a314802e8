//! Locks of machines on real files of the host.

mod waits;

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

use super::request::{LockKind::Exclusive, LockKind::Shared};
use super::table::Key;
use super::*;

const NODE: u64 = 7;
const HANDLE: u64 = 3;
/// No wait of a test takes so long.
const LONG: Duration = Duration::from_secs(60);

fn file() -> NamedTempFile {
    NamedTempFile::new().unwrap()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

fn whole(kind: Option<LockKind>) -> LockRequest {
    LockRequest {
        node: NODE,
        handle: HANDLE,
        subject: Subject::Whole,
        kind,
    }
}

fn bytes(owner: u64, (first, last): (u64, u64), kind: Option<LockKind>) -> LockRequest {
    LockRequest {
        subject: Subject::Bytes {
            owner,
            span: Span { first, last },
            process: owner as u32 + 100,
        },
        ..whole(kind)
    }
}

fn number<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

/// The error of an attempt, `None` when it is locked.
fn attempt(locks: &Locks, request: LockRequest, file: &Path) -> Option<i32> {
    number(locks.take(request, None, || open(file)))
}

/// What waits of a test are told.
struct Ear(Sender<Option<i32>>);

impl Asker for Ear {
    fn answer(&mut self, result: &io::Result<()>) -> bool {
        let number = result.as_ref().err().and_then(io::Error::raw_os_error);
        // A test that listens no longer has seen enough.
        let _ = self.0.send(number);
        true
    }
}

fn patience(unique: u64) -> (Patience, Receiver<Option<i32>>) {
    let (sender, receiver) = channel();
    let patience = Patience {
        unique,
        limit: None,
        asker: Box::new(Ear(sender)),
    };
    (patience, receiver)
}

/// Waits for a lock, which has to be in the way of something.
fn wait(locks: &Locks, request: LockRequest, file: &Path, unique: u64) -> Receiver<Option<i32>> {
    let (patience, receiver) = patience(unique);
    let taken = locks.take(request, Some(patience), || open(file));
    assert_eq!(taken.unwrap(), Taken::Later);
    receiver
}

fn answer(receiver: &Receiver<Option<i32>>) -> Option<i32> {
    receiver.recv_timeout(LONG).unwrap()
}

#[test]
fn whole_files_exclude_other_machines_and_programs_of_the_host() {
    let file = file();
    let (one, other) = (Locks::new(16), Locks::new(16));
    // As a machine's open file, which is the same at each request.
    let (of_one, of_other) = (open(file.path()).unwrap(), open(file.path()).unwrap());
    let take = |locks: &Locks, of: &File, kind| number(locks.take(whole(kind), None, || of.try_clone()));
    assert_eq!(take(&one, &of_one, Some(Shared)), None);
    assert_eq!(take(&other, &of_other, Some(Shared)), None);
    assert_eq!(take(&other, &of_other, Some(Exclusive)), Some(libc::EAGAIN));
    assert_eq!(
        take(&one, &of_one, Some(Exclusive)),
        None,
        "the other one has given up its own to get more"
    );
    let of_host = open(file.path()).unwrap();
    assert!(flock(&of_host, FlockOperation::NonBlockingLockShared).is_err());
    assert_eq!(take(&one, &of_one, None), None);
    flock(&of_host, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(take(&one, &of_one, Some(Shared)), Some(libc::EAGAIN));
    drop(of_host);
    assert_eq!(take(&one, &of_one, Some(Shared)), None);
    drop(of_one);
    assert_eq!(
        take(&other, &of_other, Some(Exclusive)),
        None,
        "what is closed is unlocked"
    );
}

#[test]
fn bytes_exclude_who_wants_the_same_ones() {
    let file = file();
    let (one, other) = (Locks::new(16), Locks::new(16));
    let path = file.path();
    assert_eq!(attempt(&one, bytes(1, (0, 9), Some(Exclusive)), path), None);
    assert_eq!(attempt(&one, bytes(2, (10, 19), Some(Exclusive)), path), None);
    for locks in [&one, &other] {
        assert_eq!(attempt(locks, bytes(3, (9, 9), Some(Shared)), path), Some(libc::EAGAIN));
        assert_eq!(
            attempt(locks, bytes(3, (20, i64::MAX as u64), Some(Exclusive)), path),
            None
        );
        locks.closed(NODE, 3);
    }
    assert_eq!(attempt(&one, bytes(1, (5, 9), None), path), None, "a part is given up");
    assert_eq!(attempt(&other, bytes(3, (5, 9), Some(Shared)), path), None);
    assert_eq!(
        attempt(&other, bytes(3, (4, 9), Some(Shared)), path),
        Some(libc::EAGAIN)
    );
    assert_eq!(
        attempt(&one, bytes(1, (0, 9), Some(Exclusive)), path),
        Some(libc::EAGAIN)
    );
    assert_eq!(attempt(&one, bytes(1, (0, 9), Some(Shared)), path), None);
}

#[test]
fn what_an_owner_has_ends_with_its_file() {
    let file = file();
    let (one, other) = (Locks::new(16), Locks::new(16));
    let path = file.path();
    let all = |owner, kind| bytes(owner, (0, i64::MAX as u64), kind);
    let is_free = || {
        let taken = attempt(&other, all(9, Some(Exclusive)), path).is_none();
        other.closed(NODE, 9);
        taken
    };
    assert_eq!(attempt(&one, all(1, Some(Exclusive)), path), None);
    one.closed(NODE, 2);
    one.closed(NODE + 1, 1);
    one.released(NODE, HANDLE + 1);
    one.released(NODE + 1, HANDLE);
    assert!(!is_free());
    one.closed(NODE, 1);
    assert!(is_free());
    assert_eq!(attempt(&one, all(1, Some(Exclusive)), path), None);
    one.released(NODE, HANDLE);
    assert!(is_free());
    assert_eq!(attempt(&one, all(1, Some(Exclusive)), path), None);
    assert_eq!(attempt(&one, all(1, None), path), None);
    assert_eq!(one.0.state().table.len(), 0, "an owner that has nothing costs nothing");
    assert!(is_free());
    assert_eq!(attempt(&one, all(1, Some(Shared)), path), None);
    one.clear();
    assert!(is_free());
    assert_eq!(attempt(&one, all(1, Some(Shared)), path), None);
    drop(one);
    assert!(is_free());
}

#[test]
fn who_is_in_the_way_is_told() {
    let file = file();
    let (one, other) = (Locks::new(16), Locks::new(16));
    let path = file.path();
    let ask = |locks: &Locks, key: Key, kind| {
        let span = Span { first: 0, last: 99 };
        locks.obstacle(key, span, kind, || open(path)).unwrap()
    };
    assert_eq!(ask(&one, (NODE, 1), Exclusive), None);
    assert_eq!(attempt(&one, bytes(1, (10, 19), Some(Shared)), path), None);
    assert_eq!(ask(&one, (NODE, 1), Exclusive), None, "nobody is in his own way");
    assert_eq!(ask(&one, (NODE, 2), Shared), None);
    let mut expected = Obstacle {
        kind: Shared,
        span: Span { first: 10, last: 19 },
        process: 101,
    };
    assert_eq!(ask(&one, (NODE, 2), Exclusive), Some(expected));
    expected.process = 0;
    assert_eq!(ask(&other, (NODE, 1), Exclusive), Some(expected));
    assert_eq!(ask(&other, (NODE, 1), Shared), None);
}

#[test]
fn a_lock_needs_a_file_that_is_open_for_what_it_is_for() {
    let file = file();
    let locks = Locks::new(16);
    let take = |kind| number(locks.take(bytes(1, (0, 9), kind), None, || File::open(file.path())));
    assert_eq!(take(Some(Exclusive)), Some(libc::EBADF));
    assert_eq!(take(Some(Shared)), None);
    let read_only = File::open(file.path()).unwrap();
    let taken = locks.take(whole(Some(Exclusive)), None, || read_only.try_clone());
    assert_eq!(number(taken), None, "not one of the whole file");
}

#[test]
fn a_machine_has_no_more_than_it_may() {
    let file = file();
    let path = file.path();
    let locks = Locks::new(16);
    for owner in 0..8 {
        assert_eq!(
            attempt(&locks, bytes(owner, (owner, owner), Some(Exclusive)), path),
            None
        );
    }
    let ninth = bytes(8, (8, 8), Some(Exclusive));
    assert_eq!(attempt(&locks, ninth, path), Some(libc::ENOLCK));
    assert_eq!(attempt(&locks, bytes(7, (7, 7), None), path), None);
    assert_eq!(attempt(&locks, ninth, path), None);

    let mut refused = None;
    for byte in 100.. {
        refused = attempt(&locks, bytes(0, (2 * byte, 2 * byte), Some(Shared)), path);
        if refused.is_some() {
            assert_eq!(byte, 100 + (16 << 10) - 8);
            break;
        }
    }
    assert_eq!(refused, Some(libc::ENOLCK));
    locks.closed(NODE, 0);
    assert_eq!(attempt(&locks, bytes(1, (200, 200), Some(Exclusive)), path), None);
}
