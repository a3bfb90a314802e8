//! Networks that change while the container runs.

use container_model::{NetworkAttachment, NetworkName};
use tonic::Status;

use super::Session;

impl Session {
    /// Puts the running container on one more network, on record as well.
    pub(crate) async fn connect_network(&self, attachment: NetworkAttachment) -> Result<(), Status> {
        let run = self.running().ok_or_else(not_running)?;
        let connected = run.networks.connect(&run.agent, attachment).await;
        connected.map_err(|error| Status::failed_precondition(error.to_string()))
    }

    /// Takes the running container from a network, on record as well.
    pub(crate) async fn disconnect_network(&self, network: &NetworkName) -> Result<(), Status> {
        let run = self.running().ok_or_else(not_running)?;
        let disconnected = run.networks.disconnect(&run.agent, network).await;
        disconnected.map_err(|error| Status::failed_precondition(error.to_string()))
    }
}

fn not_running() -> Status {
    Status::failed_precondition("the container is not running")
}
