//! Standard input on its way from a client to a process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use container_agent::ProcessStdin;
use tokio::sync::mpsc::{self, error::SendError};
use tokio_stream::{Stream, StreamExt as _};

/// Messages of input that may wait for the agent.
const QUEUE: usize = 2;
/// Input that is taken from a client although the process does not read, bytes: enough that the request to detach, which comes
/// after it on the same stream, is still seen when somebody typed into a program that hangs.
const PENDING_MAX_BYTES: usize = 256 << 10;

/// Where input goes in; the process sees end-of-file when it is dropped.
pub(crate) type StdinQueue = mpsc::Sender<Bytes>;

/// Standard input of a process: one client has it at a time. A client may have it for several processes, one after the other: what
/// it writes goes to the one that was opened last.
#[derive(Clone, Default)]
pub(crate) struct StdinSlot(Arc<Mutex<Place>>);

/// Where standard input is.
#[derive(Default)]
struct Place {
    /// The way into the process; `None` when it has no input, or no longer.
    queue: Option<StdinQueue>,
    /// A client has it.
    is_leased: bool,
}

impl Place {
    fn is_open(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| !queue.is_closed())
    }
}

/// The right to write standard input. Dropping it gives it back.
pub(crate) struct StdinLease {
    slot: StdinSlot,
}

impl StdinSlot {
    /// Opens standard input for a process; what is written from now on arrives at the receiver. A client that has the input keeps it.
    pub(crate) fn open(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.lock().queue = Some(sender);
        receiver
    }

    /// Takes the input, if nobody has it and it is not closed.
    pub(crate) fn take(&self) -> Option<StdinLease> {
        let mut place = self.lock();
        let is_free = place.is_open() && !place.is_leased;
        place.is_leased |= is_free;
        is_free.then(|| StdinLease { slot: self.clone() })
    }

    /// Ends the input of the process. A client that has it finds out when it writes.
    pub(crate) fn shut(&self) {
        self.lock().queue = None;
    }

    /// Whether a client has it.
    pub(crate) fn is_leased(&self) -> bool {
        let place = self.lock();
        place.is_open() && place.is_leased
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StdinLease {
    /// The way into the process that was opened last, if it takes input.
    fn queue(&self) -> Option<StdinQueue> {
        self.slot.lock().queue.clone()
    }

    /// Ends the input of the process, and gives it back.
    fn close(self) -> Option<Self> {
        self.slot.shut();
        None
    }
}

impl Drop for StdinLease {
    fn drop(&mut self) {
        self.slot.lock().is_leased = false;
    }
}

/// What a client says on its request stream.
pub(crate) enum InputEvent {
    /// Bytes for standard input.
    Bytes(Bytes),
    /// No more of them.
    Close,
    /// It leaves on purpose.
    Detach,
    /// Its connection broke.
    Lost,
}

/// How a client left its request stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It said so.
    Detached,
    /// Its connection broke.
    Lost,
    /// It has nothing more to say.
    Silent,
}

/// Passes a client's input on until the client leaves. Without a lease, and while no process reads, the bytes go nowhere.
pub(crate) async fn pass_on(
    mut events: impl Stream<Item = InputEvent> + Unpin,
    mut lease: Option<StdinLease>,
) -> Departure {
    let mut pending: VecDeque<Bytes> = VecDeque::new();
    let mut pending_bytes = 0_usize;
    let (mut closing, mut silent) = (false, false);
    loop {
        if pending.is_empty() {
            if closing {
                lease = lease.and_then(StdinLease::close);
            }
            if silent {
                return Departure::Silent;
            }
        }
        let queue = lease.as_ref().and_then(StdinLease::queue);
        tokio::select! {
            room = reserve(queue.as_ref()), if !pending.is_empty() => match (room, pending.pop_front()) {
                (Ok(room), Some(bytes)) => {
                    pending_bytes -= bytes.len();
                    room.send(bytes);
                }
                _ => {
                    pending.clear();
                    pending_bytes = 0;
                }
            },
            event = events.next(), if !silent && pending_bytes < PENDING_MAX_BYTES => match event {
                Some(InputEvent::Bytes(bytes)) if lease.is_some() && !closing && !bytes.is_empty() => {
                    pending_bytes += bytes.len();
                    pending.push_back(bytes);
                }
                Some(InputEvent::Bytes(_)) => {}
                Some(InputEvent::Close) => closing = true,
                Some(InputEvent::Detach) => return Departure::Detached,
                Some(InputEvent::Lost) => return Departure::Lost,
                None => silent = true,
            },
        }
    }
}

async fn reserve(queue: Option<&StdinQueue>) -> Result<mpsc::Permit<'_, Bytes>, SendError<()>> {
    match queue {
        Some(queue) => queue.reserve().await,
        None => Err(SendError(())),
    }
}

/// Carries a queue into a process. Ends when the process takes no more, which the client that writes to the queue then notices.
pub(crate) async fn pump(mut queue: mpsc::Receiver<Bytes>, mut stdin: ProcessStdin) {
    while let Some(bytes) = queue.recv().await {
        if stdin.write(&bytes).await.is_err() {
            return;
        }
    }
    let _ = stdin.close().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> InputEvent {
        InputEvent::Bytes(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn one_client_at_a_time_has_the_input() {
        let slot = StdinSlot::default();
        let mut received = slot.open();
        let lease = slot.take();
        assert!(lease.is_some() && slot.take().is_none());
        let events = tokio_stream::iter([InputEvent::Detach, bytes("b")]);
        assert_eq!(pass_on(events, lease).await, Departure::Detached);
        let next = slot.take();
        assert!(next.is_some(), "given back");
        let events = tokio_stream::iter([bytes("c"), InputEvent::Close]);
        assert_eq!(pass_on(events, next).await, Departure::Silent);
        assert!(slot.take().is_none(), "closed");
        assert_eq!(received.recv().await.unwrap(), "c");
        assert!(received.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_client_keeps_the_input_from_one_process_to_the_next() {
        let slot = StdinSlot::default();
        let mut first = slot.open();
        let (typed, events) = mpsc::channel(4);
        let client = tokio::spawn(pass_on(
            tokio_stream::wrappers::ReceiverStream::new(events),
            slot.take(),
        ));
        assert!(typed.send(bytes("a")).await.is_ok());
        assert_eq!(first.recv().await.unwrap(), "a");
        drop(first);
        let mut second = slot.open();
        assert!(slot.is_leased() && slot.take().is_none());
        assert!(typed.send(bytes("b")).await.is_ok() && typed.send(InputEvent::Close).await.is_ok());
        assert_eq!(second.recv().await.unwrap(), "b");
        assert!(second.recv().await.is_none());
        drop(typed);
        assert_eq!(client.await.unwrap(), Departure::Silent);
    }

    #[tokio::test]
    async fn a_client_can_leave_although_nobody_reads() {
        let slot = StdinSlot::default();
        let _unread = slot.open();
        let typed = tokio_stream::iter((0..100).map(|_| bytes("x"))).chain(tokio_stream::iter([InputEvent::Detach]));
        assert_eq!(pass_on(typed, slot.take()).await, Departure::Detached);
    }

    #[tokio::test]
    async fn input_that_nobody_wants_is_dropped() {
        let slot = StdinSlot::default();
        drop(slot.open());
        let events = tokio_stream::iter([bytes("a"), bytes("b"), InputEvent::Lost]);
        assert_eq!(pass_on(events, slot.take()).await, Departure::Lost);
        assert_eq!(pass_on(tokio_stream::iter([bytes("a")]), None).await, Departure::Silent);
    }
}
