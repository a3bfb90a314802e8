//! One connection to a QEMU.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use container_hypervisor::MachineError;
use container_stream::ByteStream;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf};

use super::message::{self, Message};

/// QEMU answers at once unless its main loop is stuck in a disk operation.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest line read, bytes. No answer to our commands comes near it.
const LINE_MAX_BYTES: u64 = 64 * 1024;

/// The command that a connection begins with.
const GREETING: &str = "qmp_capabilities";

/// A connection in command mode.
#[derive(Debug)]
pub(crate) struct QmpClient {
    reader: BufReader<ReadHalf<ByteStream>>,
    writer: WriteHalf<ByteStream>,
    /// The same socket, for what goes with a descriptor.
    socket: Option<OwnedFd>,
    last_id: u64,
    timeout: Duration,
    /// Whether every command so far has its answer, read to the end. After a command that was given up
    /// the connection may be in the middle of a line, and the next answer may be that command's.
    in_step: bool,
}

impl QmpClient {
    /// Greets QEMU at the other end of `socket`.
    pub(crate) async fn connect(socket: OwnedFd) -> Result<Self, MachineError> {
        let unusable = |error: io::Error| MachineError::Control {
            command: GREETING.to_owned(),
            reason: format!("the control channel cannot be used: {error}"),
        };
        let again = socket.try_clone().map_err(unusable)?;
        let stream = ByteStream::from_socket(socket).map_err(unusable)?;
        Self::greet(stream, Some(again), COMMAND_TIMEOUT).await
    }

    async fn greet(stream: ByteStream, socket: Option<OwnedFd>, timeout: Duration) -> Result<Self, MachineError> {
        let (reader, writer) = tokio::io::split(stream);
        let mut client = Self {
            reader: BufReader::new(reader),
            writer,
            socket,
            last_id: 0,
            timeout,
            in_step: true,
        };
        client.execute(GREETING, None, None).await?;
        Ok(client)
    }

    /// Executes one command, with `descriptor` beside it, and waits for its answer. After a command that failed
    /// otherwise than by QEMU's refusal, or whose call was dropped, the connection takes no other.
    pub(crate) async fn execute(
        &mut self,
        name: &str,
        arguments: Option<&Value>,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<(), MachineError> {
        let failed = |reason: String| MachineError::Control {
            command: name.to_owned(),
            reason,
        };
        if !std::mem::replace(&mut self.in_step, false) {
            return Err(failed("an earlier command was left without its answer".to_owned()));
        }
        let answer = match tokio::time::timeout(self.timeout, self.exchange(name, arguments, descriptor)).await {
            Ok(answer) => answer.map_err(failed)?,
            Err(_) => {
                return Err(failed(format!(
                    "QEMU did not answer within {} s",
                    self.timeout.as_secs()
                )));
            }
        };
        self.in_step = true;
        match answer {
            Answer::Done => Ok(()),
            Answer::Refused(reason) => Err(failed(reason)),
        }
    }

    async fn exchange(
        &mut self,
        name: &str,
        arguments: Option<&Value>,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Answer, String> {
        self.last_id += 1;
        let id = self.last_id;
        let line = message::command(id, name, arguments);
        match descriptor {
            None => self.writer.write_all(&line).await.map_err(|error| error.to_string())?,
            Some(descriptor) => self.send_with(&line, descriptor).map_err(|error| error.to_string())?,
        }
        loop {
            match self.read().await? {
                Message::Return { id: answered } if answered == id => return Ok(Answer::Done),
                Message::Error {
                    id: refused,
                    description,
                } if refused.is_none_or(|refused| refused == id) => {
                    return Ok(Answer::Refused(description));
                }
                _ => {}
            }
        }
    }

    /// Sends a line and a descriptor, unix(7). A line is far shorter than the socket's buffer, which is empty between
    /// commands.
    fn send_with(&self, line: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<()> {
        let socket = self.socket.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let descriptors = [descriptor];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // Rust's programs ignore SIGPIPE, so that a QEMU that is gone is an error here, and macOS has no flag for it.
        match sendmsg(socket, &[IoSlice::new(line)], &mut control, SendFlags::empty())? {
            sent if sent == line.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    async fn read(&mut self) -> Result<Message, String> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.reader).take(LINE_MAX_BYTES);
        match bounded.read_until(b'\n', &mut line).await {
            Ok(0) => Err("QEMU closed the control channel".to_owned()),
            Ok(_) if line.ends_with(b"\n") => {
                message::parse(&line).ok_or_else(|| "QEMU sent something that is not JSON".to_owned())
            }
            Ok(_) => Err("QEMU sent an unfinished line".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

enum Answer {
    Done,
    Refused(String),
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    async fn connect(near: DuplexStream) -> Result<QmpClient, MachineError> {
        QmpClient::greet(near.into(), None, COMMAND_TIMEOUT).await
    }

    async fn answer(mut qemu: DuplexStream, lines: &'static str) -> String {
        qemu.write_all(lines.as_bytes()).await.unwrap();
        let mut received = vec![0; 4096];
        let count = qemu.read(&mut received).await.unwrap();
        // Stays open until the test is over, as QEMU would.
        tokio::spawn(async move {
            let _open = qemu;
            std::future::pending::<()>().await;
        });
        String::from_utf8_lossy(&received[..count]).into_owned()
    }

    #[tokio::test]
    async fn events_before_an_answer_are_passed_over() {
        let (near, far) = tokio::io::duplex(65536);
        let lines = "{\"QMP\":{}}\n{\"event\":\"RESUME\"}\n{\"return\":{},\"id\":1}\n\
                     {\"id\":2,\"error\":{\"desc\":\"busy\"}}\n";
        let (client, sent) = tokio::join!(connect(near), answer(far, lines));
        assert!(sent.contains("qmp_capabilities"));
        let error = client.unwrap().execute("stop", None, None).await.unwrap_err();
        assert_eq!(error.to_string(), "stop: busy");
    }

    #[tokio::test]
    async fn a_closed_channel_is_an_error() {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        let error = connect(near).await.unwrap_err();
        assert!(error.to_string().contains("broken pipe"), "{error}");
    }

    #[tokio::test]
    async fn a_stuck_qemu_is_given_up() {
        let (near, _far) = tokio::io::duplex(4096);
        let error = QmpClient::greet(near.into(), None, Duration::from_millis(20))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("did not answer"), "{error}");
    }

    #[tokio::test]
    async fn after_a_time_out_in_mid_line_no_answer_is_taken_for_another_command_s() {
        let (near, mut far) = tokio::io::duplex(4096);
        let greeting = b"{\"QMP\":{}}\n{\"return\":{},\"id\":1}\n{\"return\": {}, ";
        far.write_all(greeting).await.unwrap();
        let mut client = QmpClient::greet(near.into(), None, Duration::from_millis(200))
            .await
            .unwrap();
        let error = client.execute("stop", None, None).await.unwrap_err();
        assert!(error.to_string().contains("did not answer within"), "{error}");

        far.write_all(b"\"id\": 2}\n{\"return\":{},\"id\":3}\n").await.unwrap();
        let error = client.execute("cont", None, None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cont: an earlier command was left without its answer"
        );
    }

    #[tokio::test]
    async fn a_command_whose_call_was_dropped_leaves_no_answer_behind() {
        let (near, mut far) = tokio::io::duplex(4096);
        far.write_all(b"{\"QMP\":{}}\n{\"return\":{},\"id\":1}\n")
            .await
            .unwrap();
        let mut client = connect(near).await.unwrap();
        let dropped = tokio::time::timeout(Duration::from_millis(1), client.execute("stop", None, None)).await;
        assert!(dropped.is_err());
        far.write_all(b"{\"return\":{},\"id\":2}\n{\"return\":{},\"id\":3}\n")
            .await
            .unwrap();
        let error = client.execute("cont", None, None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cont: an earlier command was left without its answer"
        );
    }
}
