//! Archives that become files outside of what steps see.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use container_agent_api::v1::add_archive_request::Request;
use container_agent_api::v1::{AddArchiveRequest, AddArchiveResponse};
use container_workload::{ArchiveUse, Container};
use tonic::{Status, Streaming};

use super::done;
use super::worker::Worker;
use crate::descriptor::Descriptor;
use crate::machine::Machine;
use crate::requests;

/// Answers AddArchive. A task of its own does it, which ends the process also when the host drops the call.
pub(crate) async fn add_archive(
    machine: Arc<Machine>,
    requests: Streaming<AddArchiveRequest>,
) -> Result<AddArchiveResponse, Status> {
    tokio::spawn(carry(machine, requests))
        .await
        .map_err(|error| Status::internal(error.to_string()))?
}

async fn carry(
    machine: Arc<Machine>,
    mut requests: Streaming<AddArchiveRequest>,
) -> Result<AddArchiveResponse, Status> {
    let first = requests.message().await?.and_then(|message| message.request);
    let Some(Request::Open(open)) = first else {
        return Err(Status::invalid_argument("the first request must be open"));
    };
    let archive = requests::archive_use(open)?;
    let process = machine.with_steps(|container| container.start_on_archive(archive))?;
    let (stream, worker) = Worker::with(Arc::clone(&machine), process);
    let made = make_files(stream, worker, &mut requests).await;
    let number = match (archive, &made) {
        (ArchiveUse::Layer, Ok(())) => machine.with_steps(Container::seal_step)?,
        (ArchiveUse::Layer, Err(_)) => {
            machine.with_steps(Container::discard_step)?;
            0
        }
        (ArchiveUse::Tree(_), _) => 0,
    };
    made.map(|()| AddArchiveResponse { number })
}

async fn make_files(
    stream: OwnedFd,
    worker: Worker,
    requests: &mut Streaming<AddArchiveRequest>,
) -> Result<(), Status> {
    let stream = Descriptor::new(stream).map_err(|error| Status::internal(error.to_string()));
    let received = match stream {
        Ok(stream) => receive_all(requests, stream).await,
        Err(status) => Err(status),
    };
    if let Err(status) = received {
        // It would take the end of what came for the end of the archive.
        worker.kill();
        worker.outcome().await?;
        return Err(status);
    }
    worker.outcome().await.and_then(done)
}

/// Passes the archive on until its end, or until the process takes no more, whose outcome says why.
async fn receive_all(requests: &mut Streaming<AddArchiveRequest>, stream: Descriptor) -> Result<(), Status> {
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
