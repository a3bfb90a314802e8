//! What a container asked of a network.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{MacAddress, NetworkName};
use crate::UnknownFields;

/// One network of a container, in the shape of Apple's tool: `{network, options{…}}`. What is `None` is chosen when the container starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkAttachment {
    /// The network.
    pub network: NetworkName,
    /// Hardware address of the container's interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<MacAddress>,
    /// Largest IP packet, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u16>,
    /// IPv4 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4_address: Option<Ipv4Addr>,
    /// IPv6 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_address: Option<Ipv6Addr>,
    /// Names besides the container's own by which others on this network find it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl NetworkAttachment {
    /// An attachment that leaves everything open.
    #[must_use]
    pub fn new(network: NetworkName) -> Self {
        Self {
            network,
            mac_address: None,
            mtu: None,
            ipv4_address: None,
            ipv6_address: None,
            aliases: Vec::new(),
            unknown: UnknownFields::new(),
        }
    }
}
