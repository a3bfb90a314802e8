//! One more process in the container, with its client.

use std::sync::Arc;

use bytes::Bytes;
use container_agent::{ProcessEvent, ProcessOutput, RunError, RunningProcess};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};

use crate::control::v1::{
    ExecOpen, ExecRequest, ExecResponse, ExitStatus, Failure, FailureKind, Running, exec_request::Request,
    exec_response::Response,
};
use crate::life::start_failure;
use crate::plan::exec_process;
use crate::session::{InputEvent, Session, StdinSlot, pass_on, pump};

type Responses = mpsc::Sender<Result<ExecResponse, Status>>;

/// Runs the process that the first request names and carries its streams until it has ended or the client leaves. A process whose
/// client leaves loses its streams; the guest decides what becomes of it.
pub(super) async fn serve(session: Arc<Session>, mut requests: Streaming<ExecRequest>, responses: Responses) {
    let outcome = async {
        let open = match requests
            .message()
            .await
            .map_err(launch_failure)?
            .and_then(|message| message.request)
        {
            Some(Request::Open(open)) => open,
            _ => return Err(launch_failure("the first request must be open")),
        };
        let detached = open.detached;
        let _name = session
            .name_process(&open.process_id)
            .ok_or_else(|| launch_failure(format!("there is a process {} already", open.process_id)))?;
        let process = start(&session, open).await?;
        send(&responses, Response::Running(Running {})).await;
        if !detached {
            carry(process, requests, &responses).await.map_err(launch_failure)?;
        }
        Ok(())
    };
    let failed = tokio::select! {
        outcome = outcome => outcome.err(),
        () = responses.closed() => return,
    };
    if let Some(failure) = failed {
        send(&responses, Response::Failure(failure)).await;
    }
}

async fn start(session: &Session, open: ExecOpen) -> Result<RunningProcess, Failure> {
    let guest = session
        .guest()
        .ok_or_else(|| launch_failure("the container is not running"))?;
    let process = exec_process(&guest.config, open).map_err(launch_failure)?;
    match guest.agent.run(process).await {
        Ok(process) => Ok(process),
        Err(RunError::NotStarted { reason, message }) => Err(start_failure(reason, message)),
        Err(RunError::Agent(error)) => Err(launch_failure(error)),
    }
}

/// Carries the streams; both directions end with the process.
async fn carry(
    process: RunningProcess,
    requests: Streaming<ExecRequest>,
    responses: &Responses,
) -> Result<(), container_agent::AgentError> {
    let slot = StdinSlot::default();
    let pump = tokio::spawn(pump(slot.open(), process.stdin));
    let events = requests.map(|message| match message.map(|message| message.request) {
        Ok(Some(Request::Stdin(bytes))) => InputEvent::Bytes(Bytes::from(bytes)),
        Ok(Some(Request::CloseStdin(_))) => InputEvent::Close,
        Ok(Some(Request::Open(_)) | None) => InputEvent::Bytes(Bytes::new()),
        Err(_) => InputEvent::Lost,
    });
    let lease = slot.take();
    let input = async {
        pass_on(events, lease).await;
        // Whoever says nothing more has no more input.
        drop(slot);
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        result = forward(process.output, responses) => result,
        () = input => Ok(()),
    };
    pump.abort();
    result
}

async fn forward(mut output: ProcessOutput, responses: &Responses) -> Result<(), container_agent::AgentError> {
    while let Some(event) = output.next().await? {
        send(
            responses,
            match event {
                ProcessEvent::Stdout(bytes) => Response::Stdout(bytes.into()),
                ProcessEvent::Stderr(bytes) => Response::Stderr(bytes.into()),
                ProcessEvent::Exited(exited) => Response::Exited(ExitStatus {
                    exit_code: exited.exit_code,
                    signal: exited.signal,
                    oom_killed: exited.oom_killed,
                }),
            },
        )
        .await;
    }
    Ok(())
}

/// A client that is gone is noticed by whoever watches the channel.
async fn send(responses: &Responses, response: Response) {
    let _ = responses
        .send(Ok(ExecResponse {
            response: Some(response),
        }))
        .await;
}

fn launch_failure(reason: impl ToString) -> Failure {
    Failure {
        kind: FailureKind::Launch.into(),
        message: reason.to_string(),
        hint: String::new(),
    }
}
