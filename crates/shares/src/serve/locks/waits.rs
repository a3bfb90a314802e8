//! Requests that wait for a lock.
//!
//! The host wakes nobody for locks that this process did not have to wait for itself, and a thread that waits in the host cannot be told to stop. So one
//! thread tries again, at once when the same machine has given up a lock of the file, and otherwise in growing intervals. It is there as long as somebody
//! waits.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::request::LockRequest;
use crate::serve::names::error;

/// How long it takes until the next attempt, first and at most.
const FIRST_INTERVAL: Duration = Duration::from_millis(1);
const LAST_INTERVAL: Duration = Duration::from_millis(50);

/// Most interrupts that are remembered because their request has not come yet. Each comes within moments: both are on their way at once.
const MAXIMUM_EARLY: usize = 64;

/// Where the answer to a request that waits goes.
pub(in crate::serve) trait Asker: Send {
    /// Answers, unless the machine takes no answer at the moment (it is paused): then `false`, and this is called again.
    fn answer(&mut self, result: &io::Result<()>) -> bool;
}

/// How a request waits.
pub(in crate::serve) struct Patience {
    /// The request's number, which an interrupt has.
    pub(in crate::serve) unique: u64,
    /// How long at most; `None` when the machine's kernel interrupts it.
    pub(in crate::serve) limit: Option<Duration>,
    pub(in crate::serve) asker: Box<dyn Asker>,
}

/// A request that waits.
pub(super) struct Wait {
    pub(super) request: LockRequest,
    pub(super) file: Arc<File>,
    unique: u64,
    /// When it has waited long enough.
    end: Option<Instant>,
    asker: Box<dyn Asker>,
    interval: Duration,
    next: Instant,
    result: Option<io::Result<()>>,
    /// How often everything had been forgotten when it began.
    era: u64,
}

/// All that wait, those that came first before others.
pub(super) struct Waits {
    all: VecDeque<Wait>,
    early: VecDeque<u64>,
    era: u64,
    limit: usize,
}

impl Waits {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            all: VecDeque::new(),
            early: VecDeque::new(),
            era: 0,
            limit,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// # Errors
    /// `EINTR` when the request has been interrupted already, `ENOLCK` when too many wait.
    pub(super) fn add(&mut self, request: LockRequest, file: Arc<File>, patience: Patience) -> io::Result<()> {
        let Patience { unique, limit, asker } = patience;
        if let Some(index) = self.early.iter().position(|early| *early == unique) {
            self.early.remove(index);
            return Err(error(libc::EINTR));
        }
        if self.all.len() >= self.limit {
            return Err(error(libc::ENOLCK));
        }
        let now = Instant::now();
        self.all.push_back(Wait {
            request,
            file,
            unique,
            end: limit.map(|limit| now + limit),
            asker,
            interval: FIRST_INTERVAL,
            next: now,
            result: None,
            era: self.era,
        });
        Ok(())
    }

    /// Ends the wait with this number, also if it has not begun.
    pub(super) fn interrupt(&mut self, unique: u64) {
        match self.all.iter_mut().find(|wait| wait.unique == unique) {
            Some(wait) => wait.finish(Err(error(libc::EINTR))),
            None => {
                // It has been answered, or is still to come.
                self.early.truncate(MAXIMUM_EARLY - 1);
                self.early.push_front(unique);
            }
        }
    }

    /// Ends all waits that an open file of the machine was used for.
    pub(super) fn released(&mut self, node: u64, handle: u64) {
        for wait in &mut self.all {
            if (wait.request.node, wait.request.handle) == (node, handle) {
                wait.finish(Err(error(libc::EBADF)));
            }
        }
    }

    /// Has those that wait for a file try again at once.
    pub(super) fn hurry(&mut self, node: u64) {
        let now = Instant::now();
        for wait in self.all.iter_mut().filter(|wait| wait.request.node == node) {
            wait.next = wait.next.min(now);
        }
    }

    /// Forgets all of them without an answer.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.early.clear();
        self.era += 1;
    }

    /// Tries what is due, and takes out what has an answer.
    pub(super) fn try_due(&mut self, mut attempt: impl FnMut(&Wait) -> io::Result<()>) -> Vec<Wait> {
        let now = Instant::now();
        for wait in self.all.iter_mut().filter(|wait| wait.next <= now) {
            if wait.result.is_some() {
                continue;
            }
            match attempt(wait) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait.postpone(now),
                result => wait.finish(result),
            }
        }
        let now = Instant::now();
        let is_ready = |wait: &Wait| wait.result.is_some() && wait.next <= now;
        let (ready, waiting): (Vec<_>, Vec<_>) = self.all.drain(..).partition(is_ready);
        self.all = waiting.into();
        ready
    }

    /// Takes back one whose answer could not be given.
    pub(super) fn put_back(&mut self, mut wait: Wait) {
        if wait.era == self.era {
            wait.next = Instant::now() + LAST_INTERVAL;
            self.all.push_front(wait);
        }
    }

    /// How long there is nothing to do.
    pub(super) fn pause(&self) -> Duration {
        let next = self.all.iter().map(|wait| wait.next).min();
        next.map_or(LAST_INTERVAL, |next| next.saturating_duration_since(Instant::now()))
    }
}

impl Wait {
    fn finish(&mut self, result: io::Result<()>) {
        // The first answer counts: a lock that was got is not lost by an interrupt that comes too late.
        if self.result.is_none() {
            self.result = Some(result);
            self.next = Instant::now();
        }
    }

    fn postpone(&mut self, now: Instant) {
        if self.end.is_some_and(|end| end <= now) {
            self.finish(Err(error(libc::ENOLCK)));
            return;
        }
        self.next = now + self.interval;
        self.interval = (self.interval * 2).min(LAST_INTERVAL);
    }

    /// Gives the answer; `false` when the machine does not take it now.
    pub(super) fn answer(&mut self) -> bool {
        self.result.as_ref().is_none_or(|result| self.asker.answer(result))
    }
}
