//! The calls about steps.

use std::sync::Arc;
use std::time::Instant;

use container_agent_api::v1::{BeginStepRequest, BeginStepResponse, SealStepResponse};
use container_workload::Container;
use tonic::Status;

use crate::machine::{Machine, micros};
use crate::{disks, requests};

/// Answers BeginStep.
pub(crate) fn begin(machine: &Machine, request: BeginStepRequest) -> Result<BeginStepResponse, Status> {
    let start = Instant::now();
    let step = requests::step(request)?;
    // Those of the step before have no place any more.
    machine.listeners.clear();
    let sockets = machine.with_steps(|container| container.begin_step(step))?;
    machine
        .listeners
        .add(sockets)
        .map_err(|error| Status::internal(format!("cannot listen on the step's sockets: {error}")))?;
    Ok(BeginStepResponse {
        total_us: micros(start.elapsed()),
    })
}

/// Answers SealStep. A task of its own does it, so that what was begun comes to its end when the host drops the call.
pub(crate) async fn seal(machine: Arc<Machine>) -> Result<SealStepResponse, Status> {
    let sealing = tokio::spawn(async move {
        let _turn = machine.disk_turn.take().await?;
        machine.listeners.clear();
        let work = machine.with_steps(Container::start_sealing)?;
        disks::finish(&machine, work).await?;
        let number = machine.with_steps(Container::seal_step)?;
        Ok(SealStepResponse { number })
    });
    sealing.await.map_err(|error| Status::internal(error.to_string()))?
}
