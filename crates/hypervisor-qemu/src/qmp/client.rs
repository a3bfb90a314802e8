//! One connection to a QEMU.

use std::time::Duration;

use container_hypervisor::MachineError;
use container_stream::ByteStream;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf};

use super::message::{self, Message};

/// QEMU answers at once unless its main loop is stuck in a disk operation.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest line read, bytes. No answer to our commands comes near it.
const LINE_MAX_BYTES: u64 = 64 * 1024;

/// A connection in command mode.
#[derive(Debug)]
pub(crate) struct QmpClient {
    reader: BufReader<ReadHalf<ByteStream>>,
    writer: WriteHalf<ByteStream>,
    last_id: u64,
    timeout: Duration,
}

impl QmpClient {
    /// Greets QEMU at the other end of `stream`.
    pub(crate) async fn connect(stream: ByteStream) -> Result<Self, MachineError> {
        Self::connect_within(stream, COMMAND_TIMEOUT).await
    }

    async fn connect_within(stream: ByteStream, timeout: Duration) -> Result<Self, MachineError> {
        let (reader, writer) = tokio::io::split(stream);
        let mut client = Self {
            reader: BufReader::new(reader),
            writer,
            last_id: 0,
            timeout,
        };
        client.execute("qmp_capabilities", None).await?;
        Ok(client)
    }

    /// Executes one command and waits for its answer. Not cancel-safe: a client whose call was dropped is to be
    /// dropped, too.
    pub(crate) async fn execute(&mut self, name: &str, arguments: Option<&Value>) -> Result<(), MachineError> {
        let failed = |reason: String| MachineError::Control {
            command: name.to_owned(),
            reason,
        };
        match tokio::time::timeout(self.timeout, self.exchange(name, arguments)).await {
            Ok(result) => result.map_err(failed),
            Err(_) => Err(failed(format!(
                "QEMU did not answer within {} s",
                self.timeout.as_secs()
            ))),
        }
    }

    async fn exchange(&mut self, name: &str, arguments: Option<&Value>) -> Result<(), String> {
        self.last_id += 1;
        let id = self.last_id;
        self.writer
            .write_all(&message::command(id, name, arguments))
            .await
            .map_err(|error| error.to_string())?;
        loop {
            match self.read().await? {
                Message::Return { id: answered } if answered == id => return Ok(()),
                Message::Error {
                    id: refused,
                    description,
                } if refused.is_none_or(|refused| refused == id) => {
                    return Err(description);
                }
                _ => {}
            }
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

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

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
        let (client, sent) = tokio::join!(QmpClient::connect(near.into()), answer(far, lines));
        assert!(sent.contains("qmp_capabilities"));
        let error = client.unwrap().execute("stop", None).await.unwrap_err();
        assert_eq!(error.to_string(), "stop: busy");
    }

    #[tokio::test]
    async fn a_closed_channel_is_an_error() {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        assert!(QmpClient::connect(near.into()).await.is_err());
    }

    #[tokio::test]
    async fn a_stuck_qemu_is_given_up() {
        let (near, _far) = tokio::io::duplex(4096);
        let error = QmpClient::connect_within(near.into(), Duration::from_millis(20))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("did not answer"), "{error}");
    }
}
