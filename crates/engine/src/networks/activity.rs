//! What goes on in a network while containers use it.

use std::net::{IpAddr, SocketAddr};

use container_model::{ContainerId, MacAddress, NetworkName, PublishedPort};
use container_network::{Inspection, LiveFlow, LiveMachine, NetworkClient};

use crate::{Cause, Engine, NetworkError};

/// What goes on in a network at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkActivity {
    /// The machines that are attached, the first one first.
    pub machines: Vec<ActiveMachine>,
    /// Connections and exchanges of datagrams through the gateway.
    pub flows: Vec<ActiveFlow>,
}

/// A machine that is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveMachine {
    /// Its container.
    pub container: ContainerId,
    /// The names by which others find it.
    pub names: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Hardware address of its interface.
    pub mac_address: MacAddress,
    /// Ports of the host that lead into it.
    pub published_ports: Vec<PublishedPort>,
    /// Bytes that it received, in Ethernet frames.
    pub received_bytes: u64,
    /// Frames that it received.
    pub received_packets: u64,
    /// Bytes that it sent, in Ethernet frames.
    pub sent_bytes: u64,
    /// Frames that it sent.
    pub sent_packets: u64,
    /// Frames from it or for it that were dropped.
    pub dropped_packets: u64,
}

/// A connection, or an exchange of datagrams, through the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveFlow {
    /// The container.
    pub container: ContainerId,
    /// `tcp`, `udp` or `icmp`.
    pub transport: String,
    /// The machine's end.
    pub machine: SocketAddr,
    /// The other end, as the machine sees it.
    pub peer: SocketAddr,
    /// Whether the machine began it.
    pub is_outgoing: bool,
    /// Its state in a word.
    pub state: String,
}

impl Engine {
    /// What goes on in a network; `None` when no container that runs is on it.
    ///
    /// # Errors
    /// [`NetworkError::Silent`].
    pub fn network_activity(&self, name: &NetworkName) -> Result<Option<NetworkActivity>, NetworkError> {
        let inspection = NetworkClient::new(self.paths.clone(), name.clone()).inspect();
        let inspection = inspection.map_err(|error| NetworkError::Silent(Cause::new(error)))?;
        Ok(inspection.map(activity))
    }
}

fn activity(inspection: Inspection) -> NetworkActivity {
    NetworkActivity {
        machines: inspection.machines.into_iter().map(machine).collect(),
        flows: inspection.flows.into_iter().map(flow).collect(),
    }
}

fn machine(machine: LiveMachine) -> ActiveMachine {
    ActiveMachine {
        container: machine.container,
        names: machine.names,
        addresses: machine.addresses,
        mac_address: machine.mac_address,
        published_ports: machine.ports,
        received_bytes: machine.received_bytes,
        received_packets: machine.received_packets,
        sent_bytes: machine.sent_bytes,
        sent_packets: machine.sent_packets,
        dropped_packets: machine.dropped_packets,
    }
}

fn flow(flow: LiveFlow) -> ActiveFlow {
    ActiveFlow {
        container: flow.container,
        transport: flow.transport,
        machine: flow.machine,
        peer: flow.peer,
        is_outgoing: flow.is_outgoing,
        state: flow.state,
    }
}
