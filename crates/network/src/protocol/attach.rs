//! Attaching a machine to a network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use container_model::{ContainerId, MacAddress, NetworkName, NetworkStatus, PublishedPort};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Asks for a port of the switch, for as long as the connection lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachRequest {
    /// The container.
    pub container: ContainerId,
    /// When it was created: another container may have had its name.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// Its host name.
    pub hostname: String,
    /// The container's other networks: names that this one does not know are looked for there.
    #[serde(default)]
    pub other_networks: Vec<NetworkName>,
    /// Further names.
    pub aliases: Vec<String>,
    /// Hardware address, when it is to be this one.
    pub mac_address: Option<MacAddress>,
    /// IPv4 address, when it is to be this one.
    pub ipv4_address: Option<Ipv4Addr>,
    /// IPv6 address, when it is to be this one.
    pub ipv6_address: Option<Ipv6Addr>,
    /// Largest IP packet that the interface is to have, bytes.
    pub mtu: Option<u16>,
    /// Largest IP packet that the machine's device carries, bytes.
    pub device_mtu: u16,
    /// Ports to publish.
    pub ports: Vec<PublishedPort>,
    /// Whether the container is to see the addresses of its ports' clients.
    pub client_addresses: bool,
}

/// A port of the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// Addresses of the container.
    pub status: NetworkStatus,
    /// Whether packets find a way out of the network.
    pub has_way_out: bool,
    /// The servers that know names.
    pub nameservers: Vec<IpAddr>,
    /// The addresses that lead to the host's loopback; none where the network has no host access.
    pub host_access: Vec<IpAddr>,
    /// The published ports, with those of the host that were chosen.
    pub ports: Vec<PublishedPort>,
}

/// Why there is no port of the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// What kind of reason.
    pub kind: RefusalKind,
    /// What failed, on what, and why.
    pub message: String,
    /// What the user can do; empty when nothing is known.
    pub hint: String,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefusalKind {
    /// An address is another container's, or none of the network's.
    Address,
    /// A port of the host is in use, or not this user's to have.
    Port,
    /// The network has no address left, or too many machines.
    Full,
    /// Anything else that failed.
    Failed,
}
