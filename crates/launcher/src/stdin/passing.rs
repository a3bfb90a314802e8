//! Passing a client's input on to the process that reads it.

use std::collections::VecDeque;

use bytes::Bytes;
use container_agent::ProcessStdin;
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt as _};

use super::slot::{StdinLease, StdinQueue};

/// Input that is taken from a client although the process does not read, bytes: enough that the request to detach, which comes
/// after it on the same stream, is still seen when a user typed into a program that hangs.
const PENDING_MAX_BYTES: usize = 256 << 10;

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

/// Input that a process has not taken yet. It belongs to the process that read standard input when it came.
#[derive(Default)]
struct Pending {
    queue: Option<StdinQueue>,
    chunks: VecDeque<Bytes>,
    length_bytes: usize,
}

impl Pending {
    /// Makes `queue` the one that input goes to. What was meant for another process is dropped: that process has ended.
    fn turn_to(&mut self, queue: Option<StdinQueue>) {
        let is_same = match (&self.queue, &queue) {
            (Some(before), Some(now)) => before.same_channel(now),
            (before, now) => before.is_none() && now.is_none(),
        };
        if !is_same {
            self.clear();
            self.queue = queue;
        }
    }

    fn push(&mut self, bytes: Bytes) {
        if self.queue.is_some() {
            self.length_bytes += bytes.len();
            self.chunks.push_back(bytes);
        }
    }

    /// Hands the first chunk over when there is room. A process that reads no more gets nothing, now and later.
    async fn hand_over(&mut self) {
        if let Some(queue) = &self.queue
            && let Ok(room) = queue.reserve().await
            && let Some(bytes) = self.chunks.pop_front()
        {
            self.length_bytes -= bytes.len();
            room.send(bytes);
        } else {
            self.clear();
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Passes a client's input on until the client leaves. Without a lease, and while no process reads, the bytes go nowhere.
pub(crate) async fn pass_on(
    mut events: impl Stream<Item = InputEvent> + Unpin,
    mut lease: Option<StdinLease>,
) -> Departure {
    let mut pending = Pending::default();
    let (mut is_closing, mut is_silent) = (false, false);
    loop {
        if pending.chunks.is_empty() {
            // A clone of the sender that is kept would keep the process from seeing end-of-file.
            let queue = std::mem::take(&mut pending).queue;
            if is_closing
                && let Some(lease) = lease.take()
                && let Some(queue) = queue
            {
                lease.close(&queue);
            }
            if is_silent {
                return Departure::Silent;
            }
        }
        tokio::select! {
            () = pending.hand_over(), if !pending.chunks.is_empty() => {}
            event = events.next(), if !is_silent && pending.length_bytes < PENDING_MAX_BYTES => match event {
                Some(InputEvent::Bytes(bytes)) if !is_closing && !bytes.is_empty() => {
                    pending.turn_to(lease.as_ref().and_then(StdinLease::queue));
                    pending.push(bytes);
                }
                Some(InputEvent::Bytes(_)) => {}
                Some(InputEvent::Close) => {
                    pending.turn_to(lease.as_ref().and_then(StdinLease::queue));
                    is_closing = true;
                }
                Some(InputEvent::Detach) => return Departure::Detached,
                Some(InputEvent::Lost) => return Departure::Lost,
                None => is_silent = true,
            },
        }
    }
}

/// Carries a queue into a process. Ends when the process takes no more, which the writers to the queue then notice.
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
    use super::super::slot::StdinSlot;
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
        assert!(!slot.is_in_use(), "closed");
        assert_eq!(received.recv().await.unwrap(), "c");
        assert!(received.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_client_s_input_goes_to_the_process_that_reads_when_it_comes() {
        let slot = StdinSlot::default();
        let mut first = slot.open();
        let (client, events) = mpsc::unbounded_channel();
        let events = tokio_stream::wrappers::UnboundedReceiverStream::new(events);
        let passing = tokio::spawn(pass_on(events, slot.take()));
        client.send(bytes("a")).unwrap_or_default();
        assert_eq!(first.recv().await.unwrap(), "a");
        // More than its queue holds. What is still on its way when the next process reads is that one's.
        (0..9).for_each(|_| client.send(bytes("b")).unwrap_or_default());
        assert_eq!(first.recv().await.unwrap(), "b");
        drop(first);
        assert!(slot.take().is_none(), "the client keeps the input");
        let mut second = slot.open();
        client.send(bytes("c")).unwrap_or_default();
        client.send(InputEvent::Close).unwrap_or_default();
        let mut received = Vec::new();
        while let Some(bytes) = second.recv().await {
            received.push(bytes);
        }
        assert_eq!(received.last().unwrap(), "c");
        assert!(!slot.is_in_use());
        drop(client);
        assert_eq!(passing.await.unwrap(), Departure::Silent);
    }

    #[tokio::test]
    async fn the_end_of_input_is_that_of_the_process_it_was_meant_for() {
        let slot = StdinSlot::default();
        let lease = slot.take().unwrap();
        let first = slot.open();
        let queue = lease.queue().unwrap();
        drop(first);
        let mut second = slot.open();
        lease.close(&queue);
        drop(queue);
        let next = slot.take().unwrap();
        assert!(next.queue().is_some(), "the second process still reads");
        let queue = next.queue().unwrap();
        next.close(&queue);
        drop(queue);
        assert!(second.recv().await.is_none());
    }

    #[tokio::test]
    async fn input_that_is_shut_stays_shut() {
        let slot = StdinSlot::default();
        slot.shut();
        assert!(slot.open().recv().await.is_none() && slot.take().is_none());
    }

    #[tokio::test]
    async fn a_client_can_leave_although_the_process_does_not_read() {
        let slot = StdinSlot::default();
        let _unread = slot.open();
        let typed = tokio_stream::iter((0..100).map(|_| bytes("x"))).chain(tokio_stream::iter([InputEvent::Detach]));
        assert_eq!(pass_on(typed, slot.take()).await, Departure::Detached);
    }

    #[tokio::test]
    async fn input_that_no_process_reads_is_dropped() {
        let slot = StdinSlot::default();
        drop(slot.open());
        let events = tokio_stream::iter([bytes("a"), bytes("b"), InputEvent::Lost]);
        assert_eq!(pass_on(events, slot.take()).await, Departure::Lost);
        assert_eq!(pass_on(tokio_stream::iter([bytes("a")]), None).await, Departure::Silent);
    }
}
