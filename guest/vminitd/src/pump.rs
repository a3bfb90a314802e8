//! Carries standard streams between a process and the host.

use std::sync::Arc;
use std::time::Duration;

use container_agent_api::STDIO_CHUNK_BYTES;
use container_agent_api::v1::run_request::Request;
use container_agent_api::v1::run_response::Response;
use container_agent_api::v1::{RunRequest, RunResponse};
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};

use crate::descriptor::Descriptor;

/// How long a stream that another process keeps open may be silent after the exit of its own.
const QUIET: Duration = Duration::from_millis(50);

/// How much is still taken from such a stream: what a pipe holds, so that all that the process wrote before its exit
/// arrives.
const LEFT_OVER_BYTES: usize = 256 * 1024;

/// End of transmission: what a user types to end the input of a terminal.
const CONTROL_D: &[u8] = &[4];

/// Makes the message of a chunk, which says what stream it is of.
pub(crate) type Wrap = fn(Vec<u8>) -> Response;

/// Where responses to a Run call go.
pub(crate) type Responses = mpsc::Sender<Result<RunResponse, Status>>;

/// Sends everything that can be read from `source`, until its end.
///
/// Once `exited` is true, background processes that inherited the stream get no more than a moment of silence before
/// it is given up. When the host has dropped the call, a pipe is read and discarded, so that the process does not
/// block; a terminal is let go, which hangs it up.
pub(crate) async fn output(
    source: Arc<Descriptor>,
    wrap: Wrap,
    responses: Responses,
    mut exited: watch::Receiver<bool>,
    terminal: bool,
) {
    let mut buffer = vec![0; STDIO_CHUNK_BYTES];
    let mut left_over = LEFT_OVER_BYTES;
    loop {
        let read = tokio::select! {
            biased;
            read = source.read(&mut buffer) => read,
            () = quiet(&mut exited) => return,
            () = responses.closed(), if terminal => return,
        };
        let Ok(length @ 1..) = read else { return };
        let chunk = buffer[..length].to_vec();
        let _ = responses
            .send(Ok(RunResponse {
                response: Some(wrap(chunk)),
            }))
            .await;
        if *exited.borrow() {
            left_over = left_over.saturating_sub(length);
            if left_over == 0 {
                return;
            }
        }
    }
}

/// Resolves a moment after the exit.
async fn quiet(exited: &mut watch::Receiver<bool>) {
    if exited.wait_for(|exited| *exited).await.is_ok() {
        tokio::time::sleep(QUIET).await;
    }
}

/// Writes what the host sends to `target`, until the host closes standard input or drops the call.
///
/// Closing the input of a terminal is a typed Ctrl-D, because the terminal itself carries the output as well.
pub(crate) async fn input(mut requests: Streaming<RunRequest>, mut target: Option<Arc<Descriptor>>, terminal: bool) {
    loop {
        let request = match requests.message().await {
            Ok(Some(RunRequest { request })) => request,
            Ok(None) => Some(Request::CloseStdin(Default::default())),
            Err(_) => return,
        };
        match (request, &target) {
            (Some(Request::Stdin(bytes)), open) => {
                let written = match open {
                    Some(open) => open.write_all(&bytes).await,
                    None => Ok(()),
                };
                // A process that has closed its input gets no more; the host is kept from blocking all the same.
                if written.is_err() {
                    target = None;
                }
            }
            (Some(Request::CloseStdin(_)), open) => {
                if let (Some(open), true) = (open, terminal) {
                    let _ = open.write_all(CONTROL_D).await;
                }
                return;
            }
            _ => {}
        }
    }
}
