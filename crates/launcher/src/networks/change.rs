//! Networks that change while the container runs.

use container_agent::{AgentClient, AgentError};
use container_model::{Event, NetworkAttachment, NetworkName};

use super::{ConnectError, Networks, configuration, device_address, guest_names};

/// The networks of a running container cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("it is not connected to network {0}")]
    NotConnected(NetworkName),
    #[error("the guest could not set its network: {0}")]
    Guest(#[from] AgentError),
}

impl Networks {
    /// Connects the container to one more network, on record as well. Nothing is left of it when it fails.
    pub(crate) async fn connect(&self, agent: &AgentClient, attachment: NetworkAttachment) -> Result<(), ChangeError> {
        let _turn = self.changes.lock().await;
        let network = attachment.network.clone();
        // The other networks are told of this one, and this one of them.
        self.attachments().push(attachment.clone());
        let connected = async {
            let line = self.attach(&attachment, Vec::new()).await?;
            agent.configure_interface(configuration(&line)).await?;
            Ok(())
        };
        if let Err(error) = connected.await {
            // One that was connected before stays so.
            if !matches!(error, ChangeError::Connect(ConnectError::Connected(_)))
                && let Some(line) = self.detach(&network)
            {
                // A guest that refused it may have done a part; that it refuses this as well changes nothing.
                let _ = agent.release_interface(device_address(line)).await;
            }
            let mut attachments = self.attachments();
            let last = attachments.iter().rposition(|known| known.network == network);
            last.map(|index| attachments.remove(index));
            return Err(error);
        }
        drop(self.notes.event(Event::of_network(&self.config, &network, "connect")));
        self.changed(agent).await?;
        Ok(())
    }

    /// Takes the container from a network, on record as well.
    pub(crate) async fn disconnect(&self, agent: &AgentClient, network: &NetworkName) -> Result<(), ChangeError> {
        let _turn = self.changes.lock().await;
        let line = self
            .detach(network)
            .ok_or_else(|| ChangeError::NotConnected(network.clone()))?;
        self.attachments().retain(|attachment| attachment.network != *network);
        drop(self.notes.event(Event::of_network(&self.config, network, "disconnect")));
        // Off the network it is in any case.
        let released = agent.release_interface(device_address(line)).await;
        self.changed(agent).await?;
        Ok(released?)
    }

    /// Tells the guest, the networks and the record.
    async fn changed(&self, agent: &AgentClient) -> Result<(), AgentError> {
        for kept in self.kept().iter().flatten() {
            kept.set_other_networks(self.others(kept.network()));
        }
        let attachments = self.attachments().clone();
        let recorded = self.notes.changed_networks(self.observed(), attachments);
        let names = guest_names(&self.config, &self.attached());
        let told = agent.set_names(names).await;
        // Without a writer the container has ended.
        let _ = recorded.await;
        told
    }
}
