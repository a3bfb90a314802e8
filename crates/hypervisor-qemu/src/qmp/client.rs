//! One connection to a QEMU.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use container_hypervisor::MachineError;
use container_stream::ByteStream;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::message::{self, Event, Message};
use super::reader::read;

/// QEMU answers at once unless its main loop is stuck in a disk operation.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers that may wait to be looked at: those of commands that were given up.
const ANSWER_QUEUE: usize = 16;

/// The command that a connection begins with.
const GREETING: &str = "qmp_capabilities";

/// A connection in command mode. What QEMU sends is read all the time, so that events are told when they happen.
#[derive(Debug)]
pub(crate) struct QmpClient {
    answers: mpsc::Receiver<Result<Message, String>>,
    reader: AbortHandle,
    writer: WriteHalf<ByteStream>,
    /// The same socket, for what goes with a descriptor.
    socket: Option<OwnedFd>,
    last_id: u64,
    timeout: Duration,
    /// Whether every command so far was sent to its end. After one that was given up in the middle, QEMU would take the next one for the
    /// rest of it.
    is_between_commands: bool,
}

impl QmpClient {
    /// Greets QEMU at the other end of `socket`. `told` is called with each event.
    pub(crate) async fn connect(
        socket: OwnedFd,
        told: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, MachineError> {
        let unusable = |error: io::Error| MachineError::Control {
            command: GREETING.to_owned(),
            reason: format!("the control channel cannot be used: {error}"),
        };
        let again = socket.try_clone().map_err(unusable)?;
        let stream = ByteStream::from_socket(socket).map_err(unusable)?;
        Self::greet(stream, Some(again), COMMAND_TIMEOUT, told).await
    }

    async fn greet(
        stream: ByteStream,
        socket: Option<OwnedFd>,
        timeout: Duration,
        told: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, MachineError> {
        let (read_half, writer) = tokio::io::split(stream);
        let (sender, answers) = mpsc::channel(ANSWER_QUEUE);
        let reader = tokio::spawn(read(read_half, sender, told)).abort_handle();
        let mut client = Self {
            answers,
            reader,
            writer,
            socket,
            last_id: 0,
            timeout,
            is_between_commands: true,
        };
        client.execute(GREETING, None, None).await?;
        Ok(client)
    }

    /// Executes one command, with `descriptor` beside it, and waits for what it returns. The answer to a command that was given up is
    /// not taken for another one's.
    pub(crate) async fn execute(
        &mut self,
        name: &str,
        arguments: Option<&Value>,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Value, MachineError> {
        let failed = |reason: String| MachineError::Control {
            command: name.to_owned(),
            reason,
        };
        let limit = self.timeout;
        match tokio::time::timeout(limit, self.exchange(name, arguments, descriptor)).await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(failed(format!("QEMU did not answer within {} s", limit.as_secs()))),
        }
    }

    async fn exchange(
        &mut self,
        name: &str,
        arguments: Option<&Value>,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Value, String> {
        self.last_id += 1;
        let id = self.last_id;
        let line = message::command(id, name, arguments);
        if !std::mem::replace(&mut self.is_between_commands, false) {
            return Err("an earlier command was not sent to its end".to_owned());
        }
        match descriptor {
            None => self.writer.write_all(&line).await.map_err(|error| error.to_string())?,
            Some(descriptor) => self.send_with(&line, descriptor).map_err(|error| error.to_string())?,
        }
        self.is_between_commands = true;
        loop {
            let answer = self.answers.recv().await;
            match answer.unwrap_or_else(|| Err("the control channel is closed".to_owned()))? {
                Message::Return { id: answered, value } if answered == id => return Ok(value),
                Message::Error {
                    id: refused,
                    description,
                } if refused.is_none_or(|refused| refused == id) => return Err(description),
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
}

impl Drop for QmpClient {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, DuplexStream};

    use super::*;

    async fn connect(near: DuplexStream) -> Result<QmpClient, MachineError> {
        QmpClient::greet(near.into(), None, COMMAND_TIMEOUT, |_| {}).await
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
    async fn events_before_an_answer_are_told_and_passed_over() {
        let (near, far) = tokio::io::duplex(65536);
        let lines = "{\"QMP\":{}}\n{\"event\":\"RESUME\"}\n{\"return\":{},\"id\":1}\n\
                     {\"id\":2,\"error\":{\"desc\":\"busy\"}}\n";
        let (events, mut told) = mpsc::unbounded_channel();
        let connect = QmpClient::greet(near.into(), None, COMMAND_TIMEOUT, move |event| {
            let _ = events.send(event);
        });
        let (client, sent) = tokio::join!(connect, answer(far, lines));
        assert!(sent.contains("qmp_capabilities"));
        let error = client.unwrap().execute("stop", None, None).await.unwrap_err();
        assert_eq!(error.to_string(), "stop: busy");
        assert_eq!(told.recv().await, Some(Event::Resume));
    }

    #[tokio::test]
    async fn events_are_told_while_no_command_is_executed() {
        let (near, mut far) = tokio::io::duplex(4096);
        far.write_all(b"{\"QMP\":{}}\n{\"return\":{},\"id\":1}\n")
            .await
            .unwrap();
        let (events, mut told) = mpsc::unbounded_channel();
        let _client = QmpClient::greet(near.into(), None, COMMAND_TIMEOUT, move |event| {
            let _ = events.send(event);
        })
        .await
        .unwrap();
        far.write_all(b"{\"event\":\"STOP\"}\n").await.unwrap();
        assert_eq!(told.recv().await, Some(Event::Stop));
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
        let error = QmpClient::greet(near.into(), None, Duration::from_millis(20), |_| {})
            .await
            .unwrap_err();
        assert!(error.to_string().contains("did not answer"), "{error}");
    }

    #[tokio::test]
    async fn after_a_time_out_in_mid_line_no_answer_is_taken_for_another_command_s() {
        let (near, mut far) = tokio::io::duplex(4096);
        let greeting = b"{\"QMP\":{}}\n{\"return\":{},\"id\":1}\n{\"return\": {}, ";
        far.write_all(greeting).await.unwrap();
        let mut client = QmpClient::greet(near.into(), None, Duration::from_millis(200), |_| {})
            .await
            .unwrap();
        let error = client.execute("stop", None, None).await.unwrap_err();
        assert!(error.to_string().contains("did not answer within"), "{error}");

        far.write_all(b"\"id\": 2}\n{\"return\":{\"late\":false},\"id\":3}\n")
            .await
            .unwrap();
        let returned = client.execute("cont", None, None).await.unwrap();
        assert_eq!(returned, serde_json::json!({ "late": false }));
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
        far.write_all(b"{\"return\":{},\"id\":2}\n{\"error\":{\"desc\":\"busy\"},\"id\":3}\n")
            .await
            .unwrap();
        let error = client.execute("cont", None, None).await.unwrap_err();
        assert_eq!(error.to_string(), "cont: busy");
    }

    #[tokio::test]
    async fn after_a_command_that_was_sent_in_part_no_other_is() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(b"{\"return\":{},\"id\":1}\n").await.unwrap();
        let mut client = connect(near).await.unwrap();
        let long = serde_json::json!("x".repeat(1000));
        let dropped = tokio::time::timeout(Duration::from_millis(1), client.execute("add", Some(&long), None)).await;
        assert!(dropped.is_err());
        let error = client.execute("cont", None, None).await.unwrap_err();
        assert_eq!(error.to_string(), "cont: an earlier command was not sent to its end");
    }
}
