//! What a container knows of names: `/etc/resolv.conf` and `/etc/hosts`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// What is written to a container's `/etc/resolv.conf`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResolverConfig {
    /// Servers to ask, in this order; none means the gateway of the container's first network.
    pub nameservers: Vec<IpAddr>,
    /// The container's own domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Domains in which short names are looked for.
    pub search_domains: Vec<String>,
    /// Options as in resolv.conf(5).
    pub options: Vec<String>,
    /// Leave the image's own `/etc/resolv.conf` as it is.
    pub disabled: bool,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A line of a container's `/etc/hosts` that its user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostEntry {
    /// The name.
    pub name: String,
    /// Its address; `None` is the host-access address of the container's first network (`host-gateway`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
