//! The calls about the container's files, which forked processes answer.

mod archive;
mod worker;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use container_agent_api::TREE_CHUNK_BYTES;
use container_agent_api::v1::write_tree_request::Request;
use container_agent_api::v1::{
    FileKind, ReadTreeRequest, ReadTreeResponse, StatPathRequest, StatPathResponse, WriteTreeOpen, WriteTreeRequest,
    WriteTreeResponse,
};
use container_workload::{FileStatus, FilesJob, FilesOutcome};
use rustix::fs::FileType;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::descriptor::Descriptor;
use crate::machine::Machine;

pub(crate) use archive::add_archive;
use worker::Worker;

/// Chunks that may wait for the host.
const QUEUE: usize = 2;

/// Answers StatPath.
pub(crate) async fn stat(machine: Arc<Machine>, request: StatPathRequest) -> Result<StatPathResponse, Status> {
    let StatPathRequest { path, follow } = request;
    check(&path)?;
    let (_stream, worker) = Worker::start(machine, &FilesJob::Stat { path, follow })?;
    match worker.outcome().await? {
        FilesOutcome::Found(status) => Ok(found(status)),
        FilesOutcome::Missing { resolved } => Ok(StatPathResponse {
            resolved_path: resolved.unwrap_or_default(),
            ..StatPathResponse::default()
        }),
        FilesOutcome::Done => Err(Status::internal("the path was not looked at")),
        FilesOutcome::Failed(message) => Err(Status::aborted(message)),
    }
}

/// Answers ReadTree.
pub(crate) fn read(
    machine: Arc<Machine>,
    request: ReadTreeRequest,
) -> Result<ReceiverStream<Result<ReadTreeResponse, Status>>, Status> {
    let ReadTreeRequest { path, follow, called } = request;
    check(&path)?;
    check(&called)?;
    let (responses, receiver) = mpsc::channel(QUEUE);
    let (stream, worker) = Worker::start(machine, &FilesJob::Read { path, follow, called })?;
    tokio::spawn(async move {
        if send_all(stream, &responses).await.is_err() {
            worker.kill();
        }
        if let Err(status) = worker.outcome().await.and_then(done) {
            let _ = responses.send(Err(status)).await;
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Answers WriteTree. A task of its own does it, which ends the process also when the host drops the call.
pub(crate) async fn write(
    machine: Arc<Machine>,
    requests: Streaming<WriteTreeRequest>,
) -> Result<WriteTreeResponse, Status> {
    tokio::spawn(carry(machine, requests))
        .await
        .map_err(|error| Status::internal(error.to_string()))?
}

async fn carry(machine: Arc<Machine>, mut requests: Streaming<WriteTreeRequest>) -> Result<WriteTreeResponse, Status> {
    let first = requests.message().await?.and_then(|message| message.request);
    let Some(Request::Open(WriteTreeOpen { directory, owner })) = first else {
        return Err(Status::invalid_argument("the first request must be open"));
    };
    check(&directory)?;
    let owner = owner.map(|owner| (owner.uid, owner.gid));
    let (stream, worker) = Worker::start(machine, &FilesJob::Write { directory, owner })?;
    if let Err(status) = receive_all(&mut requests, stream).await {
        // It would take the end of what came for the end of the archive.
        worker.kill();
        worker.outcome().await?;
        return Err(status);
    }
    worker.outcome().await.and_then(done)?;
    Ok(WriteTreeResponse {})
}

/// Sends the archive. Fails when the host has dropped the call or the stream cannot be read.
async fn send_all(
    stream: OwnedFd,
    responses: &mpsc::Sender<Result<ReadTreeResponse, Status>>,
) -> Result<(), std::io::Error> {
    let stream = Descriptor::new(stream)?;
    let mut buffer = vec![0; TREE_CHUNK_BYTES];
    loop {
        let length = tokio::select! {
            length = stream.read(&mut buffer) => length?,
            () = responses.closed() => return Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        if length == 0 {
            return Ok(());
        }
        let chunk = buffer[..length].to_vec();
        if responses.send(Ok(ReadTreeResponse { chunk })).await.is_err() {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
    }
}

/// Passes the archive on until its end, or until the process takes no more, whose outcome says why.
async fn receive_all(requests: &mut Streaming<WriteTreeRequest>, stream: OwnedFd) -> Result<(), Status> {
    let stream = Descriptor::new(stream).map_err(|error| Status::internal(error.to_string()))?;
    loop {
        match requests.message().await?.and_then(|message| message.request) {
            Some(Request::Chunk(chunk)) => {
                if stream.write_all(&chunk).await.is_err() {
                    return Ok(());
                }
            }
            Some(Request::End(_)) => return Ok(()),
            Some(Request::Open(_)) => return Err(Status::invalid_argument("the call is open already")),
            None => return Err(Status::cancelled("the archive was cut off")),
        }
    }
}

fn check(path: &[u8]) -> Result<(), Status> {
    if path.contains(&0) {
        return Err(Status::invalid_argument("a path with a NUL in it"));
    }
    Ok(())
}

fn done(outcome: FilesOutcome) -> Result<(), Status> {
    match outcome {
        FilesOutcome::Failed(message) => Err(Status::aborted(message)),
        _ => Ok(()),
    }
}

fn found(status: FileStatus) -> StatPathResponse {
    let kind = match status.kind() {
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::CharacterDevice => FileKind::CharacterDevice,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        _ => FileKind::Regular,
    };
    StatPathResponse {
        kind: kind.into(),
        mode: status.mode & 0o7777,
        size_bytes: status.size_bytes,
        link_target: status.link_target,
        modified_seconds: status.modified_seconds,
        modified_nanoseconds: status.modified_nanoseconds,
        resolved_path: status.resolved,
    }
}
