//! Who writes standard input, and which process reads it.
//!
//! The two are apart: a client has the input for as long as it stays, and each run of the container opens a queue of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Messages of input that may wait for the agent.
const QUEUE: usize = 2;

/// Where input goes in; the process sees end-of-file when the last clone is dropped.
pub(super) type StdinQueue = mpsc::Sender<Bytes>;

/// Standard input: one client has it at a time.
#[derive(Clone, Default)]
pub(crate) struct StdinSlot(Arc<Mutex<Place>>);

#[derive(Default)]
struct Place {
    reader: Reader,
    is_leased: bool,
}

/// What becomes of input.
#[derive(Default)]
enum Reader {
    /// No process reads, for the time being.
    #[default]
    Absent,
    /// A process does, or will.
    Queue(StdinQueue),
    /// No process ever will.
    Never,
}

/// The right to write standard input. Dropping it gives it back.
pub(crate) struct StdinLease {
    slot: StdinSlot,
}

impl StdinSlot {
    /// Opens standard input for one process; what is written from now on arrives at the receiver. After [`StdinSlot::shut`] that is
    /// nothing.
    pub(crate) fn open(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let mut place = self.lock();
        if !matches!(place.reader, Reader::Never) {
            place.reader = Reader::Queue(sender);
        }
        receiver
    }

    /// Takes the input, if no client has it and it is not shut.
    pub(crate) fn take(&self) -> Option<StdinLease> {
        let mut place = self.lock();
        if place.is_leased || matches!(place.reader, Reader::Never) {
            return None;
        }
        place.is_leased = true;
        Some(StdinLease { slot: self.clone() })
    }

    /// Ends the input for good.
    pub(crate) fn shut(&self) {
        self.lock().reader = Reader::Never;
    }

    /// Whether it has ended for good.
    pub(crate) fn is_shut(&self) -> bool {
        matches!(self.lock().reader, Reader::Never)
    }

    /// Whether a client has it and a process reads it.
    pub(crate) fn is_in_use(&self) -> bool {
        let is_leased = self.lock().is_leased;
        is_leased && self.queue().is_some()
    }

    /// Where input goes now; `None` when no process reads.
    fn queue(&self) -> Option<StdinQueue> {
        match &self.lock().reader {
            Reader::Queue(queue) if !queue.is_closed() => Some(queue.clone()),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StdinLease {
    /// Where input goes now; `None` when no process reads.
    pub(super) fn queue(&self) -> Option<StdinQueue> {
        self.slot.queue()
    }

    /// Lets the process that reads `queue` see end-of-file, and gives the input back. A process that was started since reads on.
    pub(super) fn close(self, queue: &StdinQueue) {
        let mut place = self.slot.lock();
        if matches!(&place.reader, Reader::Queue(current) if current.same_channel(queue)) {
            place.reader = Reader::Absent;
        }
    }
}

impl Drop for StdinLease {
    fn drop(&mut self) {
        self.slot.lock().is_leased = false;
    }
}
