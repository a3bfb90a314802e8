//! Ports of the host that lead into a container.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// A transport protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A range of consecutive ports of the host that lead to as many ports of a container, in the shape of Apple's tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedPort {
    /// Address of the host; `None` is every address, IPv4 and IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_address: Option<IpAddr>,
    /// First port of the host; 0 leaves the choice to the host, at every start anew.
    pub host_port: u16,
    /// First port of the container.
    pub container_port: u16,
    /// Protocol.
    pub proto: Transport,
    /// Number of ports, at least 1.
    #[serde(default = "one")]
    pub count: u16,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

fn one() -> u16 {
    1
}
