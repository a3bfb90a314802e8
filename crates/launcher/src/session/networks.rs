//! Networks that change while the container runs.

use container_model::{NetworkAttachment, NetworkName};
use tokio::task::JoinError;
use tonic::Status;

use super::Session;
use crate::networks::ChangeError;

impl Session {
    /// Puts the running container on one more network, on record as well.
    pub(crate) async fn connect_network(&self, attachment: NetworkAttachment) -> Result<(), Status> {
        let run = self.running().ok_or_else(not_running)?;
        // Nothing is left half-made when the client goes away.
        let connecting = tokio::spawn(async move { run.networks.connect(&run.agent, attachment).await });
        finished(connecting.await)
    }

    /// Takes the running container from a network, on record as well.
    pub(crate) async fn disconnect_network(&self, network: &NetworkName) -> Result<(), Status> {
        let run = self.running().ok_or_else(not_running)?;
        let network = network.clone();
        let disconnecting = tokio::spawn(async move { run.networks.disconnect(&run.agent, &network).await });
        finished(disconnecting.await)
    }
}

fn finished(change: Result<Result<(), ChangeError>, JoinError>) -> Result<(), Status> {
    match change {
        Ok(changed) => changed.map_err(|error| Status::failed_precondition(error.to_string())),
        Err(_) => Err(Status::aborted("the launcher was interrupted")),
    }
}

fn not_running() -> Status {
    Status::failed_precondition("the container is not running")
}
