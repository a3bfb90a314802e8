//! Reading what QEMU sends.

use std::io;

use container_stream::ByteStream;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, ReadHalf};
use tokio::sync::mpsc;

use super::message::{self, Event, Message};

/// Longest line read, bytes. No answer to our commands comes near it.
const LINE_MAX_BYTES: u64 = 64 * 1024;

/// Hands events to `told` and answers to `answers`, until the connection is of no use any more; the last of `answers` says why.
pub(super) async fn read(
    stream: ReadHalf<ByteStream>,
    answers: mpsc::Sender<Result<Message, String>>,
    mut told: impl FnMut(Event),
) {
    let mut reader = BufReader::new(stream);
    loop {
        let message = match line(&mut reader).await {
            Ok(Message::Event(event)) => {
                told(event);
                continue;
            }
            // Nobody waits for them, and they must not fill the queue.
            Ok(Message::Greeting | Message::Other) => continue,
            answer => answer,
        };
        let is_last = message.is_err();
        if answers.send(message).await.is_err() || is_last {
            return;
        }
    }
}

async fn line(reader: &mut BufReader<ReadHalf<ByteStream>>) -> Result<Message, String> {
    let mut line = Vec::new();
    let count: io::Result<usize> = reader.take(LINE_MAX_BYTES).read_until(b'\n', &mut line).await;
    match count {
        Ok(0) => Err("QEMU closed the control channel".to_owned()),
        Ok(_) if line.ends_with(b"\n") => {
            message::parse(&line).ok_or_else(|| "QEMU sent something that is not JSON".to_owned())
        }
        Ok(_) => Err("QEMU sent an unfinished line".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
