//! Carries a connection of a Unix stream socket as messages over something else: one relay on either side of it.
//!
//! Each direction ends on its own, nothing is read ahead of what the other side takes but one chunk and the queue, and a program that closes its
//! socket altogether ends the connection, also where the other side would wait for ever.

use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio_stream::{Stream, StreamExt as _};

/// Most bytes of one [`Relayed::Data`].
pub const RELAY_CHUNK_BYTES: usize = 64 << 10;

/// Pause between two looks whether a program that sends nothing more still has its socket.
const CLOSED_POLL: Duration = Duration::from_millis(100);

/// A piece of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relayed {
    /// Bytes, at most [`RELAY_CHUNK_BYTES`].
    Data(Vec<u8>),
    /// No data follows; the other direction goes on.
    EndOfData,
    /// The program has closed its socket. Nothing follows.
    Closed,
}

/// How one direction has ended.
enum End {
    /// The program on that side is gone.
    Closed,
    /// What carries the messages is gone.
    Broken,
}

/// Carries the connection of `socket` until it has ended on both sides. `incoming` yields what the other side sends; when it ends early, so
/// does the connection. `wrap` makes the messages for `outgoing`. Dropping the future closes the socket.
pub async fn relay<T>(
    mut socket: UnixStream,
    mut incoming: impl Stream<Item = Relayed> + Unpin,
    outgoing: mpsc::Sender<T>,
    wrap: fn(Relayed) -> T,
) {
    let (reader, writer) = socket.split();
    let (sent, received) = (Notify::new(), Notify::new());
    let both = async {
        sent.notified().await;
        received.notified().await;
    };
    let end = tokio::select! {
        end = send(reader, &outgoing, wrap, &sent) => end,
        end = receive(writer, &mut incoming, &received) => end,
        () = both => End::Closed,
    };
    drop(socket);
    if matches!(end, End::Broken) {
        return;
    }
    // The call ends in order, so that what was sent arrives: nothing more is sent, and what still comes has nowhere to go.
    drop(outgoing);
    while incoming.next().await.is_some() {}
}

async fn send<T>(mut reader: ReadHalf<'_>, outgoing: &mpsc::Sender<T>, wrap: fn(Relayed) -> T, sent: &Notify) -> End {
    let mut buffer = vec![0; RELAY_CHUNK_BYTES];
    loop {
        // Room first: what has been read could otherwise wait here beside the queue.
        let Ok(room) = outgoing.reserve().await else {
            return End::Broken;
        };
        match reader.read(&mut buffer).await {
            Ok(0) if !is_closed(reader.as_ref()) => {
                room.send(wrap(Relayed::EndOfData));
                break;
            }
            Ok(length @ 1..) => room.send(wrap(Relayed::Data(buffer[..length].to_vec()))),
            Ok(0) | Err(_) => {
                room.send(wrap(Relayed::Closed));
                return End::Closed;
            }
        }
    }
    drop(buffer);
    sent.notify_one();
    while !is_closed(reader.as_ref()) {
        tokio::time::sleep(CLOSED_POLL).await;
    }
    match outgoing.send(wrap(Relayed::Closed)).await {
        Ok(()) => End::Closed,
        Err(_) => End::Broken,
    }
}

async fn receive(
    mut writer: WriteHalf<'_>,
    incoming: &mut (impl Stream<Item = Relayed> + Unpin),
    received: &Notify,
) -> End {
    let mut is_read = true;
    while let Some(piece) = incoming.next().await {
        match piece {
            // What a program does not read any more is discarded; it may still have something to say.
            Relayed::Data(bytes) => is_read = is_read && writer.write_all(&bytes).await.is_ok(),
            Relayed::EndOfData => {
                let _ = writer.shutdown().await;
                received.notify_one();
            }
            Relayed::Closed => return End::Closed,
        }
    }
    End::Broken
}

/// Whether the program at the other end has closed its socket, or both directions of it. Asked about writing only: on macOS a socket whose
/// program sends nothing more counts as hung up for readers.
fn is_closed(socket: &UnixStream) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut asked, Some(&now)) {
        Ok(0) | Err(_) => false,
        Ok(_) => asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR),
    }
}

#[cfg(test)]
mod tests;
