//! What a network was asked to be.

use std::collections::BTreeMap;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::NetworkName;
use crate::UnknownFields;

/// The configuration of a network: written once when it is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkConfig {
    /// Its name.
    pub name: NetworkName,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// IPv4 addresses of the network. The first one is the gateway, the last but the broadcast address is the host-access address.
    pub ipv4_subnet: Ipv4Net,
    /// IPv6 addresses of the network. The first one (`…::1`) is the gateway, `…::fe` is the host-access address.
    pub ipv6_subnet: Ipv6Net,
    /// Whether it has no way out: its containers reach each other only.
    #[serde(default)]
    pub internal: bool,
    /// Whether its containers reach services on the host's loopback by the host-access address.
    pub host_access: bool,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Options as they were given, which are kept whether they are known or not.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl NetworkConfig {
    /// Format version of the record.
    pub const VERSION: u32 = 1;

    /// The option with the largest IP packet of its interfaces, bytes.
    pub const MTU_OPTION: &str = "mtu";

    /// Largest IP packet of its interfaces, bytes, where the option `mtu` says so.
    #[must_use]
    pub fn mtu(&self) -> Option<u16> {
        self.options.get(Self::MTU_OPTION)?.parse().ok()
    }
}
