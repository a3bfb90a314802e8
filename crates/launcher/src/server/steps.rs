//! The steps of a build, one after another.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use container_agent::AgentError;
use container_agent_api::v1 as agent;
use container_model::Signal;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Status, Streaming};

use super::exec::{AttachedProcess, Responses, launch_failure, send, start};
use crate::control::v1::exec_response::Response;
use crate::control::v1::{
    AddArchiveOpen, AddArchiveRequest, AddArchiveResponse, Failure, RunStepRequest, SealStepResponse, StepOpen,
    add_archive_request, run_step_request,
};
use crate::networks::guest_names;
use crate::plan::{StepPlan, plan_step};
use crate::session::{Notices, Run};
use crate::sockets::Relays;
use crate::stdin::{Departure, InputEvent};

/// Chunks that may wait on their way.
const QUEUE: usize = 2;

/// How long what the programs of a step have sent to a socket may be on its way after their end.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs the step that the first request names, once those before it are over, and carries its streams until it has ended. When the client leaves before
/// that, nothing of the step goes on.
pub(super) async fn run(
    run: Arc<Run>,
    notices: Notices,
    mut requests: Streaming<RunStepRequest>,
    responses: Responses,
) {
    let first = requests
        .message()
        .await
        .map(|message| message.and_then(|message| message.request));
    let failure = match first {
        Ok(Some(run_step_request::Request::Open(open))) => {
            let _turn = run.step_turn.lock().await;
            run_open(&run, open, notices, input_events(requests), &responses)
                .await
                .err()
        }
        Ok(_) => Some(launch_failure("the first request must be open")),
        Err(status) => Some(launch_failure(status)),
    };
    if let Some(failure) = failure {
        send(&responses, Response::Failure(failure)).await;
    }
}

async fn run_open(
    run: &Run,
    open: StepOpen,
    notices: Notices,
    events: impl Stream<Item = InputEvent> + Unpin,
    responses: &Responses,
) -> Result<(), Failure> {
    let (process_id, without_network) = (open.process_id.clone(), open.without_network);
    let StepPlan {
        mut root,
        process,
        sockets,
    } = plan_step(&run.config, open).map_err(launch_failure)?;
    let name = run
        .name_process(&process_id)
        .ok_or_else(|| launch_failure(format!("there is a process {process_id} already")))?;
    let attached = match without_network {
        true => Vec::new(),
        false => run.networks.attached(),
    };
    root.names = Some(guest_names(&run.config, &attached));
    run.agent.begin_step(root).await.map_err(|error| refusal(&error))?;
    let process = start(&run.agent, process).await?;
    let relays = Relays::carrying(&run.agent, sockets);
    let mut process = AttachedProcess::new(process_id, process, name);
    let carried = process.carry(events, notices, responses).await;
    if !matches!(carried, Ok(Departure::Silent)) {
        kill_all(run).await;
        process.drain().await;
    }
    relays.finish(LAST_WORDS_TIMEOUT).await;
    carried.map(drop).map_err(launch_failure)
}

/// The init process takes all others of the step with it; it is in the container's control group as well.
async fn kill_all(run: &Run) {
    if let Err(error) = run.agent.signal("", Signal::KILL.number()).await {
        tracing::warn!(%error, "cannot end a step whose client has left");
    }
}

/// What a client says on its request stream, as input.
fn input_events(requests: Streaming<RunStepRequest>) -> impl Stream<Item = InputEvent> + Unpin {
    use run_step_request::Request;
    requests.map(|message| match message.map(|message| message.request) {
        Ok(Some(Request::Stdin(bytes))) => InputEvent::Bytes(Bytes::from(bytes)),
        Ok(Some(Request::CloseStdin(_))) => InputEvent::Close,
        Ok(Some(Request::Open(_)) | None) => InputEvent::Bytes(Bytes::new()),
        Err(_) => InputEvent::Lost,
    })
}

/// Ends what steps have written since the last seal.
pub(super) async fn seal(run: &Run) -> Result<SealStepResponse, Status> {
    let _turn = run.step_turn.lock().await;
    let number = run.agent.seal_step().await.map_err(|error| aborted(&error))?;
    Ok(SealStepResponse { number })
}

/// Passes an archive on. When the client leaves before its end, the guest's call ends without an end as well, and it knows.
pub(super) async fn add_archive(
    run: &Run,
    requests: Streaming<AddArchiveRequest>,
) -> Result<AddArchiveResponse, Status> {
    let _turn = run.step_turn.lock().await;
    let (chunks, receiver) = mpsc::channel(QUEUE);
    let forward = async move {
        let mut requests = requests;
        while let Ok(Some(AddArchiveRequest { request: Some(request) })) = requests.message().await {
            if chunks.send(to_agent(request)).await.is_err() {
                break;
            }
        }
        drop(chunks);
        // The guest's answer is the end.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        added = run.agent.add_archive(ReceiverStream::new(receiver)) => {
            let number = added.map_err(|error| aborted(&error))?;
            Ok(AddArchiveResponse { number })
        }
        () = forward => Ok(AddArchiveResponse::default()),
    }
}

fn to_agent(request: add_archive_request::Request) -> agent::AddArchiveRequest {
    use add_archive_request::Request;
    use agent::add_archive_open::Use;
    use agent::add_archive_request::Request as Wire;
    let wire = match request {
        Request::Open(AddArchiveOpen { tree: 0 }) => Wire::Open(agent::AddArchiveOpen {
            r#use: Some(Use::Layer(agent::LayerArchive {})),
        }),
        Request::Open(AddArchiveOpen { tree: number }) => Wire::Open(agent::AddArchiveOpen {
            r#use: Some(Use::Tree(agent::TreeArchive { number })),
        }),
        Request::Chunk(chunk) => Wire::Chunk(chunk),
        Request::End(_) => Wire::End(agent::AddArchiveEnd {}),
    };
    agent::AddArchiveRequest { request: Some(wire) }
}

/// The guest's words where it has refused, which need no preface.
fn words(error: &AgentError) -> String {
    match error {
        AgentError::Refused { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

fn refusal(error: &AgentError) -> Failure {
    launch_failure(words(error))
}

fn aborted(error: &AgentError) -> Status {
    Status::aborted(words(error))
}
