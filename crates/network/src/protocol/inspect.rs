//! What goes on in a network.

use std::net::{IpAddr, SocketAddr};

use container_model::{ContainerId, MacAddress, PublishedPort};
use serde::{Deserialize, Serialize};

/// What goes on in a network at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The machines that are attached, the first one first.
    pub machines: Vec<LiveMachine>,
    /// Connections and exchanges of datagrams through the gateway.
    pub flows: Vec<LiveFlow>,
}

/// A machine that is attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveMachine {
    /// Its container.
    pub container: ContainerId,
    /// The names by which others find it.
    pub names: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Hardware address of its interface.
    pub mac_address: MacAddress,
    /// Ports of the host that lead into it.
    pub ports: Vec<PublishedPort>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveFlow {
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
