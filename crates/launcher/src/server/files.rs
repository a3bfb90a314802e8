//! The container's files, passed on from the guest to a client and back.

use std::sync::Arc;

use container_agent::{AgentError, TreeArchive};
use container_agent_api::v1 as agent;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::control::v1::{
    FileKind, ReadTreeRequest, ReadTreeResponse, StatPathRequest, StatPathResponse, WriteTreeOpen, WriteTreeRequest,
    WriteTreeResponse, write_tree_request::Request,
};
use crate::session::Run;

/// Chunks that may wait on their way.
const QUEUE: usize = 2;

/// Says what is at a path.
pub(super) async fn stat(run: &Run, request: StatPathRequest) -> Result<StatPathResponse, Status> {
    let StatPathRequest { path, follow } = request;
    let request = agent::StatPathRequest { path, follow };
    let found = run.agent.stat_path(request).await.map_err(|error| refusal(&error))?;
    // Both protocols number the kinds alike; one that is not known is none.
    let kind = FileKind::try_from(found.kind).unwrap_or(FileKind::Unspecified);
    Ok(StatPathResponse {
        kind: kind.into(),
        mode: found.mode & 0o7777,
        size_bytes: found.size_bytes,
        link_target: found.link_target,
        modified_seconds: found.modified_seconds,
        modified_nanoseconds: found.modified_nanoseconds,
        resolved_path: found.resolved_path,
    })
}

/// Begins to read a tree, in a task of its own.
pub(super) async fn read(
    run: Arc<Run>,
    request: ReadTreeRequest,
) -> Result<ReceiverStream<Result<ReadTreeResponse, Status>>, Status> {
    let ReadTreeRequest { path, follow, called } = request;
    let request = agent::ReadTreeRequest { path, follow, called };
    let archive = run.agent.read_tree(request).await.map_err(|error| refusal(&error))?;
    let (responses, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(pass_on(archive, responses));
    Ok(ReceiverStream::new(receiver))
}

async fn pass_on(mut archive: TreeArchive, responses: mpsc::Sender<Result<ReadTreeResponse, Status>>) {
    loop {
        let next = tokio::select! {
            next = archive.next() => next,
            () = responses.closed() => return,
        };
        let (response, is_last) = match next {
            Ok(None) => return,
            Ok(Some(chunk)) => (Ok(ReadTreeResponse { chunk }), false),
            Err(error) => (Err(refusal(&error)), true),
        };
        if responses.send(response).await.is_err() || is_last {
            return;
        }
    }
}

/// Writes a tree. When the client leaves before the end of its archive, the guest's call ends without an end as well, and it knows.
pub(super) async fn write(run: &Run, requests: Streaming<WriteTreeRequest>) -> Result<WriteTreeResponse, Status> {
    let (chunks, receiver) = mpsc::channel(QUEUE);
    let forward = async move {
        let mut requests = requests;
        while let Ok(Some(WriteTreeRequest { request: Some(request) })) = requests.message().await {
            if chunks.send(to_agent(request)).await.is_err() {
                break;
            }
        }
        drop(chunks);
        // The guest's answer is the end.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        written = run.agent.write_tree(ReceiverStream::new(receiver)) => {
            written.map_err(|error| refusal(&error))?;
        }
        () = forward => {}
    }
    Ok(WriteTreeResponse {})
}

fn to_agent(request: Request) -> agent::WriteTreeRequest {
    use agent::write_tree_request::Request as Wire;
    let wire = match request {
        Request::Open(WriteTreeOpen { directory, owner }) => Wire::Open(agent::WriteTreeOpen {
            directory,
            owner: owner.map(|owner| agent::FileOwner {
                uid: owner.uid,
                gid: owner.gid,
            }),
        }),
        Request::Chunk(chunk) => Wire::Chunk(chunk),
        Request::End(_) => Wire::End(agent::WriteTreeEnd {}),
    };
    agent::WriteTreeRequest { request: Some(wire) }
}

/// The guest's words where it has refused, which need no preface.
fn refusal(error: &AgentError) -> Status {
    match error {
        AgentError::Refused { message, .. } => Status::aborted(message.clone()),
        error => Status::aborted(error.to_string()),
    }
}
