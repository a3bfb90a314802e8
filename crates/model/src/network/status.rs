//! What was observed of a container on its networks.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::{MacAddress, NetworkName};
use crate::UnknownFields;

/// A running container on one of its networks, in the shape of Apple's tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkStatus {
    /// The network.
    pub network: NetworkName,
    /// The name under which others on this network find it.
    pub hostname: String,
    /// Its IPv4 address with the length of the network's prefix.
    pub ipv4_address: Ipv4Net,
    /// Where its IPv4 packets leave the network.
    pub ipv4_gateway: Ipv4Addr,
    /// Its IPv6 address with the length of the network's prefix.
    pub ipv6_address: Ipv6Net,
    /// Where its IPv6 packets leave the network.
    pub ipv6_gateway: Ipv6Addr,
    /// Hardware address of its interface.
    pub mac_address: MacAddress,
    /// Largest IP packet, bytes.
    pub mtu: u16,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
