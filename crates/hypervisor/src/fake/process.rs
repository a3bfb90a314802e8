//! One scripted process.

use container_agent_api::STDIO_CHUNK_BYTES;
use container_agent_api::v1::run_request::Request as Run;
use container_agent_api::v1::run_response::Response as Event;
use container_agent_api::v1::{Exited, RunRequest, RunResponse, SignalRequest, StartFailed, StartProcess, Started};
use tokio::sync::{broadcast, mpsc};
use tonic::{Status, Streaming};

use super::guest::{Guest, Outcome, Process};

/// Process id that every fake process claims.
const FAKE_PID: u32 = 100;

/// SIGKILL, signal(7): what the kernel sends when memory runs out; no process survives it.
const SIGKILL: u32 = 9;

/// One call of `Run`.
pub(super) struct Call {
    pub(super) requests: Streaming<RunRequest>,
    pub(super) responses: mpsc::Sender<Result<RunResponse, Status>>,
    pub(super) signals: broadcast::Receiver<SignalRequest>,
    pub(super) start: StartProcess,
}

/// Plays the process that the guest's script names. Ends early when the peer has hung up.
pub(super) async fn run(guest: Guest, mut call: Call) {
    let process = (guest.script)(&call.start);
    tokio::time::sleep(process.start_after).await;
    // It fails when the peer has hung up, and then there is nothing left to do.
    let _ = match process.outcome {
        Outcome::Fail { reason, message } => {
            send(
                &call,
                Event::Failed(StartFailed {
                    reason: reason.into(),
                    message,
                }),
            )
            .await
        }
        Outcome::Vanish => Some(()),
        _ => play(&guest, &mut call, process).await,
    };
}

async fn play(guest: &Guest, call: &mut Call, process: Process) -> Option<()> {
    send(call, Event::Started(Started { pid: FAKE_PID })).await?;
    for chunk in process.stdout.chunks(STDIO_CHUNK_BYTES) {
        send(call, Event::Stdout(chunk.to_vec())).await?;
    }
    for chunk in process.stderr.chunks(STDIO_CHUNK_BYTES) {
        send(call, Event::Stderr(chunk.to_vec())).await?;
    }
    if call.start.tell_oom_kills {
        for kill in process.oom_kills {
            send(call, Event::OomKill(kill)).await?;
        }
    }
    let exited = match process.outcome {
        Outcome::Exit { code, after } => tokio::select! {
            () = tokio::time::sleep(after) => Exited { exit_code: code, ..Exited::default() },
            signal = fatal_signal(call, &[]) => ended_by(signal),
        },
        Outcome::UntilSignal { ignores } => ended_by(fatal_signal(call, &ignores).await),
        Outcome::OutOfMemory { killed } => Exited {
            oom_killed: true,
            oom_kill: killed,
            ..ended_by(SIGKILL)
        },
        Outcome::Echo => echo(guest, call).await?,
        Outcome::Fail { .. } | Outcome::Vanish => return Some(()),
    };
    let id = call.start.process_id.clone();
    guest.observe().exits.push((id, exited.exit_code));
    send(call, Event::Exited(exited)).await
}

async fn send(call: &Call, event: Event) -> Option<()> {
    call.responses
        .send(Ok(RunResponse { response: Some(event) }))
        .await
        .ok()
}

/// The first signal meant for this process that is not ignored.
async fn fatal_signal(call: &mut Call, ignores: &[u32]) -> u32 {
    loop {
        match call.signals.recv().await {
            Ok(request) => {
                let ours = request.process_id.is_empty() || request.process_id == call.start.process_id;
                if ours && (request.signal == SIGKILL || !ignores.contains(&request.signal)) {
                    return request.signal;
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return SIGKILL,
        }
    }
}

fn ended_by(signal: u32) -> Exited {
    Exited {
        exit_code: 128 + signal,
        signal,
        ..Exited::default()
    }
}

async fn echo(guest: &Guest, call: &mut Call) -> Option<Exited> {
    loop {
        let message = tokio::select! {
            message = call.requests.message() => message,
            request = call.signals.recv() => match request {
                Ok(request) => return Some(ended_by(request.signal)),
                Err(_) => continue,
            },
        };
        match message.ok().flatten().and_then(|message| message.request) {
            Some(Run::Stdin(bytes)) => {
                guest.observe().stdin.extend_from_slice(&bytes);
                send(call, Event::Stdout(bytes)).await?;
            }
            Some(Run::CloseStdin(_)) | None => return Some(Exited::default()),
            Some(Run::Start(_)) => return None,
        }
    }
}
