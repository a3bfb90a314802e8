//! Requests that wait.

use super::*;

#[test]
fn a_wait_ends_when_the_same_machine_gives_up_what_is_in_the_way() {
    let file = file();
    let path = file.path();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), path), None);
    let (first, second) = (bytes(2, (0, 4), Some(Exclusive)), bytes(3, (5, 9), Some(Shared)));
    let (first, second) = (wait(&locks, first, path, 1), wait(&locks, second, path, 2));
    assert_eq!(attempt(&locks, bytes(1, (0, 4), None), path), None);
    assert_eq!(answer(&first), None);
    assert!(second.try_recv().is_err());
    locks.closed(NODE, 1);
    assert_eq!(answer(&second), None);
    assert_eq!(
        attempt(&locks, bytes(4, (0, 0), Some(Shared)), path),
        Some(libc::EAGAIN),
        "it has it now"
    );
}

#[test]
fn a_wait_ends_when_another_machine_or_the_host_does() {
    let file = file();
    let path = file.path();
    let (one, other) = (Locks::new(16), Locks::new(16));
    assert_eq!(attempt(&other, bytes(1, (0, 9), Some(Exclusive)), path), None);
    let of_host = open(path).unwrap();
    flock(&of_host, FlockOperation::NonBlockingLockExclusive).unwrap();
    let for_bytes = wait(&one, bytes(1, (0, 9), Some(Shared)), path, 1);
    let for_file = wait(&one, whole(Some(Shared)), path, 2);
    assert!(for_bytes.recv_timeout(Duration::from_millis(200)).is_err());
    drop(other);
    assert_eq!(answer(&for_bytes), None);
    assert!(for_file.try_recv().is_err());
    drop(of_host);
    assert_eq!(answer(&for_file), None);
}

#[test]
fn what_is_free_is_not_waited_for() {
    let file = file();
    let locks = Locks::new(16);
    let (patience, heard) = patience(1);
    let taken = locks.take(bytes(1, (0, 9), Some(Exclusive)), Some(patience), || open(file.path()));
    assert_eq!(taken.unwrap(), Taken::Now);
    assert!(heard.try_recv().is_err());
}

#[test]
fn an_interrupt_ends_a_wait_whenever_it_comes() {
    let file = file();
    let path = file.path();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), path), None);
    let wanted = bytes(2, (0, 9), Some(Exclusive));

    let heard = wait(&locks, wanted, path, 40);
    locks.interrupt(38);
    assert!(heard.recv_timeout(Duration::from_millis(100)).is_err(), "another one");
    locks.interrupt(40);
    assert_eq!(answer(&heard), Some(libc::EINTR));

    locks.interrupt(42);
    let (early, heard) = patience(42);
    let taken = locks.take(wanted, Some(early), || open(path));
    assert_eq!(number(taken), Some(libc::EINTR), "before the request");
    assert!(heard.try_recv().is_err());

    let heard = wait(&locks, wanted, path, 44);
    locks.closed(NODE, 1);
    assert_eq!(answer(&heard), None);
    locks.interrupt(44);
    assert!(
        heard.recv_timeout(Duration::from_millis(100)).is_err(),
        "after the answer"
    );
    assert_eq!(
        attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), path),
        Some(libc::EAGAIN)
    );
}

#[test]
fn old_interrupts_are_forgotten_before_new_ones() {
    let file = file();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), file.path()), None);
    for unique in 0..1000 {
        locks.interrupt(unique);
    }
    let wanted = bytes(2, (0, 9), Some(Exclusive));
    let (last, _) = patience(999);
    let taken = locks.take(wanted, Some(last), || open(file.path()));
    assert_eq!(number(taken), Some(libc::EINTR));
    wait(&locks, wanted, file.path(), 1);
}

#[test]
fn a_wait_that_nobody_can_interrupt_ends_some_time() {
    let file = file();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), file.path()), None);
    let (mut patience, heard) = patience(1);
    patience.limit = Some(Duration::from_millis(300));
    let begin = Instant::now();
    let taken = locks.take(bytes(2, (0, 9), Some(Shared)), Some(patience), || open(file.path()));
    assert_eq!(taken.unwrap(), Taken::Later);
    assert_eq!(answer(&heard), Some(libc::ENOLCK));
    assert!(begin.elapsed() >= Duration::from_millis(300));
}

#[test]
fn no_more_wait_than_may() {
    let file = file();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), file.path()), None);
    let wanted = |owner| bytes(owner, (0, 9), Some(Shared));
    let waiting: Vec<_> = (10..18)
        .map(|owner| wait(&locks, wanted(owner), file.path(), owner))
        .collect();
    let (one_more, _) = patience(18);
    let taken = locks.take(wanted(18), Some(one_more), || open(file.path()));
    assert_eq!(number(taken), Some(libc::ENOLCK));
    locks.interrupt(10);
    assert_eq!(answer(&waiting[0]), Some(libc::EINTR));
    locks.closed(NODE, 1);
    for heard in &waiting[1..] {
        assert_eq!(answer(heard), None);
    }
}

#[test]
fn a_machine_that_begins_again_hears_nothing_of_before() {
    let file = file();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), file.path()), None);
    let heard = wait(&locks, bytes(2, (0, 9), Some(Exclusive)), file.path(), 1);
    locks.clear();
    assert!(heard.recv_timeout(LONG).is_err());
    assert_eq!(attempt(&locks, bytes(3, (0, 9), Some(Exclusive)), file.path()), None);
    let end = Instant::now() + LONG;
    while locks.0.state().is_attended {
        assert!(Instant::now() < end, "there is a thread for nobody");
        thread::yield_now();
    }
    wait(&locks, bytes(2, (0, 9), Some(Exclusive)), file.path(), 2);
}

#[test]
fn a_wait_ends_with_its_open_file() {
    let file = file();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), file.path()), None);
    let wanted = LockRequest {
        handle: HANDLE + 1,
        ..bytes(2, (0, 9), Some(Exclusive))
    };
    let heard = wait(&locks, wanted, file.path(), 1);
    locks.released(NODE, HANDLE + 2);
    locks.released(NODE, HANDLE + 1);
    assert_eq!(answer(&heard), Some(libc::EBADF));
}

/// Takes no answer at first.
struct Paused(usize, Ear);

impl Asker for Paused {
    fn answer(&mut self, result: &io::Result<()>) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 == 0 && self.1.answer(result)
    }
}

#[test]
fn a_machine_that_takes_no_answers_gets_its_answer_later() {
    let file = file();
    let locks = Locks::new(16);
    assert_eq!(attempt(&locks, bytes(1, (0, 9), Some(Exclusive)), file.path()), None);
    let (sender, heard) = channel();
    let paused = Patience {
        unique: 1,
        limit: None,
        asker: Box::new(Paused(3, Ear(sender))),
    };
    let taken = locks.take(bytes(2, (0, 9), Some(Exclusive)), Some(paused), || open(file.path()));
    assert_eq!(taken.unwrap(), Taken::Later);
    locks.closed(NODE, 1);
    locks.interrupt(99);
    assert_eq!(answer(&heard), None);
    assert!(heard.try_recv().is_err(), "once");
}
