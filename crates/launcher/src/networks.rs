//! The container's networks, for as long as one machine lives.
//!
//! The machine has a line for every network and some more, so that it can be connected to another one while it runs. One end of a line
//! belongs to the machine, the other one to the launcher, which hands it to the process of a network, once more whenever that process
//! was lost.

mod change;
mod interface;
mod keep;
mod lines;
mod names;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use container_model::{ContainerConfig, NetworkAttachment, NetworkName, NetworkStatus, PublishedPort};
use container_network::{AttachError, AttachRequest, Attached, NetworkClient};
use container_state::AppPaths;
use tokio::task::spawn_blocking;

use crate::notes::Notes;
pub(crate) use change::ChangeError;
pub(crate) use interface::{configuration, device_address};
use keep::Kept;
pub(crate) use lines::Lines;
pub(crate) use names::guest_names;

/// A container's networks.
pub(crate) struct Networks {
    paths: AppPaths,
    config: Arc<ContainerConfig>,
    lines: Lines,
    notes: Notes,
    /// What was asked of each network.
    attachments: Mutex<Vec<NetworkAttachment>>,
    /// Changes are made one after the other: two at once would take the same line.
    changes: tokio::sync::Mutex<()>,
    /// What each line of the machine is attached to.
    kept: Mutex<Vec<Option<Kept>>>,
}

/// A line of the machine and what it is attached to.
#[derive(Debug, Clone)]
pub(crate) struct AttachedLine {
    /// Number of the line.
    pub(crate) line: usize,
    pub(crate) attached: Attached,
}

/// A running container cannot be connected to a network.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    Attach(#[from] AttachError),
    #[error("it is connected to network {0} already")]
    Connected(NetworkName),
    #[error("its machine has no free network interface: it gets one when it is stopped and started again")]
    NoLine,
    #[error("the launcher was interrupted")]
    Interrupted,
}

impl Networks {
    pub(crate) fn new(paths: AppPaths, config: Arc<ContainerConfig>, lines: Lines, notes: Notes) -> Self {
        let kept = (0..lines.count()).map(|_| None).collect();
        Self {
            paths,
            lines,
            notes,
            attachments: Mutex::new(config.networks.clone()),
            config,
            changes: tokio::sync::Mutex::default(),
            kept: Mutex::new(kept),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Option<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Attaches the machine to the container's networks, one after the other. The first one has the published ports.
    pub(crate) async fn attach_all(&self) -> Result<Vec<AttachedLine>, ConnectError> {
        for (index, attachment) in self.config.networks.iter().enumerate() {
            let ports = if index == 0 {
                self.config.published_ports.clone()
            } else {
                Vec::new()
            };
            self.attach(attachment, ports).await?;
        }
        Ok(self.attached())
    }

    /// Attaches one more line of the machine.
    async fn attach(
        &self,
        attachment: &NetworkAttachment,
        ports: Vec<PublishedPort>,
    ) -> Result<AttachedLine, ConnectError> {
        let network = attachment.network.clone();
        let free = {
            let kept = self.kept();
            if kept.iter().flatten().any(|kept| *kept.network() == network) {
                return Err(ConnectError::Connected(network));
            }
            kept.iter().position(Option::is_none)
        };
        let line = free.ok_or(ConnectError::NoLine)?;
        let frames = self.lines.switch_end(line).ok_or(ConnectError::NoLine)?;
        let client = NetworkClient::new(self.paths.clone(), network);
        let request = self.request(attachment, ports);
        let attaching = {
            let (client, request, frames) = (client.clone(), request.clone(), Arc::clone(&frames));
            spawn_blocking(move || client.attach(&request, &frames))
        };
        let attachment = attaching.await.map_err(|_| ConnectError::Interrupted)??;
        let (attached, connection) = attachment.into_connection();
        let kept = Kept::start(client, request, attached.clone(), frames, connection);
        if let Some(place) = self.kept().get_mut(line) {
            *place = Some(kept);
        }
        Ok(AttachedLine { line, attached })
    }

    /// Lets a line of the machine go. Returns its number; `None` when the container is not on this network.
    fn detach(&self, network: &NetworkName) -> Option<usize> {
        let mut kept = self.kept();
        let line = kept
            .iter()
            .position(|kept| kept.as_ref().is_some_and(|kept| kept.network() == network))?;
        *kept.get_mut(line)? = None;
        Some(line)
    }

    /// Lets all lines of the machine go.
    pub(crate) fn detach_all(&self) {
        self.kept().iter_mut().for_each(|kept| *kept = None);
    }

    /// What the machine is attached to, the first line first.
    pub(crate) fn attached(&self) -> Vec<AttachedLine> {
        let kept = self.kept();
        let lines = kept.iter().enumerate();
        lines
            .filter_map(|(line, kept)| {
                let attached = kept.as_ref()?.attached();
                Some(AttachedLine { line, attached })
            })
            .collect()
    }

    /// What is recorded of them.
    pub(crate) fn observed(&self) -> (Vec<NetworkStatus>, Vec<PublishedPort>) {
        let attached = self.attached();
        let ports = attached.iter().flat_map(|line| line.attached.ports.clone()).collect();
        let networks = attached.into_iter().map(|line| line.attached.status).collect();
        (networks, ports)
    }

    /// What was asked of each network when the machine has gone: changes that were on their way are over.
    pub(crate) async fn last_attachments(&self) -> Vec<NetworkAttachment> {
        let _turn = self.changes.lock().await;
        self.attachments().clone()
    }

    fn attachments(&self) -> MutexGuard<'_, Vec<NetworkAttachment>> {
        self.attachments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The container's networks but this one, whose names it knows as well.
    fn others(&self, network: &NetworkName) -> Vec<NetworkName> {
        let attachments = self.attachments();
        let names = attachments.iter().map(|attachment| &attachment.network);
        names.filter(|other| *other != network).cloned().collect()
    }

    fn request(&self, attachment: &NetworkAttachment, ports: Vec<PublishedPort>) -> AttachRequest {
        AttachRequest {
            container: self.config.id.clone(),
            created: self.config.created,
            hostname: self.config.hostname().to_owned(),
            other_networks: self.others(&attachment.network),
            aliases: attachment.aliases.clone(),
            mac_address: attachment.mac_address,
            ipv4_address: attachment.ipv4_address,
            ipv6_address: attachment.ipv6_address,
            mtu: attachment.mtu,
            device_mtu: Lines::MTU_BYTES,
            ports,
            client_addresses: self.config.options.client_addresses,
        }
    }
}
