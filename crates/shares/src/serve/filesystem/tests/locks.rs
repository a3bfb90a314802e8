//! Locks of a machine's files, as its kernel asks for them.

use super::*;
use crate::serve::locks::{LockKind, LockRequest, Span, Subject, Taken};

const READ_WRITE: u32 = libc::O_RDWR.cast_unsigned();
const READ_ONLY: u32 = libc::O_RDONLY.cast_unsigned();
const EXCLUSIVE: Option<LockKind> = Some(LockKind::Exclusive);
const SHARED: Option<LockKind> = Some(LockKind::Shared);

/// An open file of a machine.
#[derive(Clone, Copy)]
struct Open {
    node: u64,
    handle: u64,
}

impl Machine {
    fn open(&self, path: &str, flags: u32) -> Open {
        let node = self.node(path);
        let (handle, _) = self.filesystem.open(nobody(), node, false, flags).unwrap();
        let handle = handle.unwrap();
        Open { node, handle }
    }

    fn close(&self, open: Open) {
        let Open { node, handle } = open;
        self.filesystem
            .release(nobody(), node, 0, handle, false, true, None)
            .unwrap();
    }

    /// The error of an attempt, `None` when it is locked.
    fn lock(&self, Open { node, handle }: Open, subject: Subject, kind: Option<LockKind>) -> Option<i32> {
        let request = LockRequest {
            node,
            handle,
            subject,
            kind,
        };
        let taken = self.filesystem.lock(request, None);
        assert!(!matches!(taken, Ok(Taken::Later)), "nobody wants to wait");
        number(taken)
    }
}

fn bytes(owner: u64) -> Subject {
    Subject::Bytes {
        owner,
        span: Span { first: 0, last: 9 },
        process: 1,
    }
}

#[test]
fn machines_with_the_same_tree_exclude_each_other() {
    let host = host();
    let (one, other) = (Machine::boot(host.path(), ONE), Machine::boot(host.path(), ONE));
    let (of_one, of_other) = (one.open("tree/file", READ_WRITE), other.open("tree/file", READ_ONLY));
    assert_eq!(one.lock(of_one, Subject::Whole, EXCLUSIVE), None);
    assert_eq!(
        one.lock(of_one, bytes(5), EXCLUSIVE),
        None,
        "the two are not in each other's way"
    );
    assert_eq!(other.lock(of_other, Subject::Whole, SHARED), Some(libc::EAGAIN));
    assert_eq!(other.lock(of_other, bytes(5), SHARED), Some(libc::EAGAIN));
    one.filesystem.flush(nobody(), of_one.node, of_one.handle, 6).unwrap();
    assert_eq!(
        other.lock(of_other, bytes(5), SHARED),
        Some(libc::EAGAIN),
        "another owner has closed"
    );
    one.filesystem.flush(nobody(), of_one.node, of_one.handle, 5).unwrap();
    assert_eq!(other.lock(of_other, bytes(5), SHARED), None);
    assert_eq!(other.lock(of_other, Subject::Whole, SHARED), Some(libc::EAGAIN));
    one.close(of_one);
    assert_eq!(other.lock(of_other, Subject::Whole, EXCLUSIVE), None);
}

#[test]
fn two_open_files_of_a_machine_exclude_each_other() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let (one, other) = (
        machine.open("tree/file", READ_WRITE),
        machine.open("tree/file", READ_WRITE),
    );
    assert_eq!(machine.lock(one, Subject::Whole, EXCLUSIVE), None);
    assert_eq!(machine.lock(other, Subject::Whole, EXCLUSIVE), Some(libc::EAGAIN));
    assert_eq!(machine.lock(one, Subject::Whole, None), None);
    assert_eq!(machine.lock(other, Subject::Whole, EXCLUSIVE), None);
}

#[test]
fn a_machine_that_ends_or_begins_again_has_nothing_locked() {
    let host = host();
    let (one, other) = (Machine::boot(host.path(), ONE), Machine::boot(host.path(), ONE));
    let of_other = other.open("tree/file", READ_WRITE);
    let is_free = || {
        let taken = other
            .lock(of_other, bytes(1), EXCLUSIVE)
            .or(other.lock(of_other, Subject::Whole, EXCLUSIVE));
        assert_eq!(other.lock(of_other, bytes(1), None), None);
        assert_eq!(other.lock(of_other, Subject::Whole, None), None);
        taken.is_none()
    };
    let begin_again = || {
        one.filesystem.init(FsOptions::all()).unwrap();
    };
    let end = || one.filesystem.destroy();
    let ways: [&dyn Fn(); 2] = [&begin_again, &end];
    for way in ways {
        let of_one = one.open("tree/file", READ_WRITE);
        assert_eq!(one.lock(of_one, bytes(1), EXCLUSIVE), None);
        assert!(!is_free());
        way();
        assert!(is_free());
    }
}

#[test]
fn a_tree_for_reading_can_be_locked_as_a_file_that_is_open_for_reading() {
    let host = host();
    let machine = Machine::boot(host.path(), &[("tree", "shared", true)]);
    let file = machine.open("tree/file", READ_ONLY);
    assert_eq!(machine.lock(file, bytes(1), EXCLUSIVE), Some(libc::EBADF));
    assert_eq!(machine.lock(file, bytes(1), SHARED), None);
    assert_eq!(machine.lock(file, Subject::Whole, EXCLUSIVE), None);
}

#[test]
fn what_is_not_open_is_not_locked() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let (file, below) = (machine.open("tree/file", READ_WRITE), machine.node("tree/below"));
    let wrong = [
        Open { handle: 99, ..file },
        Open {
            handle: u64::MAX,
            ..file
        },
        Open { node: below, ..file },
        Open { node: 5, ..file },
    ];
    for open in wrong {
        for subject in [Subject::Whole, bytes(1)] {
            assert_eq!(machine.lock(open, subject, SHARED), Some(libc::EBADF));
        }
    }
    let at_root = Open { node: ROOT_ID, ..file };
    assert_eq!(machine.lock(at_root, Subject::Whole, SHARED), Some(libc::EPERM));
}

#[test]
fn the_machine_s_kernel_is_offered_both_kinds() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let offered = machine.filesystem.init(FsOptions::all()).unwrap();
    assert!(offered.contains(FsOptions::POSIX_LOCKS | FsOptions::FLOCK_LOCKS));
}
