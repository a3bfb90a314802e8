//! A process in the guest: its standard streams and its end.

use std::time::Duration;

use bytes::Bytes;
use container_agent_api::STDIO_CHUNK_BYTES;
use container_agent_api::v1::agent_client::AgentClient as GrpcClient;
use container_agent_api::v1::run_request::Request;
use container_agent_api::v1::{
    CloseStdin, Exited, OomKill, RunRequest, RunResponse, StartFailed, StartFailure, StartProcess,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::error::{AgentError, RunError, Violation, clean};
use crate::event_order::{Event, EventOrder};

/// The call's name in errors.
const CALL: &str = "Run";

/// Limit of the start of a process: its program may have to be read from a slow disk of the host.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Chunks of standard input that may wait for the transport.
const STDIN_QUEUE: usize = 4;

/// A process that runs in the guest.
#[derive(Debug)]
pub struct RunningProcess {
    /// Process id in the machine's initial pid namespace, for messages only.
    pub pid: u32,
    /// Standard input.
    pub stdin: ProcessStdin,
    /// Output and exit.
    pub output: ProcessOutput,
}

/// An event of a running process.
#[derive(Debug, Clone, PartialEq)]
pub enum ProcessEvent {
    /// Bytes of standard output, or of the terminal; at most 64 KiB.
    Stdout(Bytes),
    /// Bytes of standard error; at most 64 KiB.
    Stderr(Bytes),
    /// The kernel has killed processes of the container for lack of memory; the name is one that can be shown.
    OomKill(OomKill),
    /// It has ended; nothing follows.
    Exited(Exited),
}

/// Standard input of a process. Dropping it ends the input.
#[derive(Debug)]
pub struct ProcessStdin(mpsc::Sender<RunRequest>);

/// The call takes no more input: the process has ended or the connection is broken. [`ProcessOutput::next`] returns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process takes no more input")]
pub struct StdinClosed;

impl ProcessStdin {
    /// Sends bytes in order; waits while the process does not read. Cancelling may lose bytes of this call.
    ///
    /// # Errors
    /// [`StdinClosed`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StdinClosed> {
        for chunk in bytes.chunks(STDIO_CHUNK_BYTES) {
            self.send(Request::Stdin(chunk.to_vec())).await?;
        }
        Ok(())
    }

    /// Ends the input: the process reads end-of-file once it has read everything.
    ///
    /// # Errors
    /// [`StdinClosed`].
    pub async fn close(self) -> Result<(), StdinClosed> {
        self.send(Request::CloseStdin(CloseStdin {})).await
    }

    async fn send(&self, request: Request) -> Result<(), StdinClosed> {
        self.0
            .send(RunRequest { request: Some(request) })
            .await
            .map_err(|_| StdinClosed)
    }
}

/// Output and exit of a process. Dropping it drops the call, which does not end the process (`agent.proto`, "Run").
#[derive(Debug)]
pub struct ProcessOutput {
    responses: Streaming<RunResponse>,
    order: EventOrder,
}

impl ProcessOutput {
    /// The next event; `None` after the exit. Cancel-safe.
    ///
    /// # Errors
    /// [`AgentError::Broken`] when the connection is broken, [`AgentError::Protocol`] when the agent breaks the rules. No event follows
    /// either.
    pub async fn next(&mut self) -> Result<Option<ProcessEvent>, AgentError> {
        if self.order == EventOrder::Ended {
            return Ok(None);
        }
        match self.next_event().await? {
            Event::Stdout(bytes) => Ok(Some(ProcessEvent::Stdout(bytes))),
            Event::Stderr(bytes) => Ok(Some(ProcessEvent::Stderr(bytes))),
            Event::OomKill(kill) => Ok(Some(ProcessEvent::OomKill(kill))),
            Event::Exited(exited) => Ok(Some(ProcessEvent::Exited(exited))),
            Event::Started { .. } | Event::Failed(_) => Err(broken_rule(Violation::StartedTwice)),
        }
    }

    async fn next_event(&mut self) -> Result<Event, AgentError> {
        match self.responses.message().await {
            Ok(Some(response)) => self.order.accept(response).map_err(broken_rule),
            Ok(None) => Err(broken_rule(Violation::NoOutcome)),
            Err(status) => Err(AgentError::from_status(CALL, &status)),
        }
    }
}

fn broken_rule(violation: Violation) -> AgentError {
    AgentError::Protocol { call: CALL, violation }
}

/// A process that the agent has been asked for, and that may run already. Dropping it drops the call.
#[derive(Debug)]
pub struct StartingProcess(JoinSet<Result<RunningProcess, RunError>>);

impl StartingProcess {
    /// Asks for it behind what has been asked on this connection.
    pub(crate) fn begin(grpc: GrpcClient<Channel>, process: StartProcess) -> Self {
        let mut call = JoinSet::new();
        call.spawn(start(grpc, process));
        Self(call)
    }

    /// The process, once its program has been executed.
    ///
    /// # Errors
    /// As of [`crate::AgentClient::run`].
    pub async fn started(mut self) -> Result<RunningProcess, RunError> {
        match self.0.join_next().await {
            Some(Ok(result)) => result,
            // The task can only be lost with the runtime.
            Some(Err(_)) | None => Err(AgentError::Broken {
                call: CALL,
                reason: "it was interrupted".to_owned(),
            }
            .into()),
        }
    }
}

/// Starts a process and waits for the agent's answer that it runs, for a limited time.
pub(crate) async fn start(grpc: GrpcClient<Channel>, start: StartProcess) -> Result<RunningProcess, RunError> {
    match tokio::time::timeout(START_TIMEOUT, start_however_long(grpc, start)).await {
        Ok(result) => result,
        Err(_) => Err(AgentError::Timeout {
            call: CALL,
            after: START_TIMEOUT,
        }
        .into()),
    }
}

async fn start_however_long(mut grpc: GrpcClient<Channel>, start: StartProcess) -> Result<RunningProcess, RunError> {
    let (sender, receiver) = mpsc::channel(STDIN_QUEUE);
    let first = RunRequest {
        request: Some(Request::Start(start)),
    };
    let requests = tokio_stream::StreamExt::chain(tokio_stream::once(first), ReceiverStream::new(receiver));
    let responses = grpc
        .run(requests)
        .await
        .map_err(|status| AgentError::from_status(CALL, &status))?
        .into_inner();
    let mut output = ProcessOutput {
        responses,
        order: EventOrder::default(),
    };
    match output.next_event().await? {
        Event::Started { pid } => Ok(RunningProcess {
            pid,
            stdin: ProcessStdin(sender),
            output,
        }),
        Event::Failed(StartFailed { reason, message }) => {
            let reason = StartFailure::try_from(reason).unwrap_or(StartFailure::Unspecified);
            Err(RunError::NotStarted {
                reason,
                message: clean(&message),
            })
        }
        Event::Stdout(_) | Event::Stderr(_) | Event::OomKill(_) | Event::Exited(_) => {
            Err(broken_rule(Violation::NotStarted).into())
        }
    }
}
