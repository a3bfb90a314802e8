//! What a machine asks of a network.

use container_model::PublishedPort;
use container_network::AttachRequest;

/// The request of a machine of this name whose IP packets have at most `mtu` bytes.
#[must_use]
pub fn attach_request(name: &str, mtu: u16, ports: Vec<PublishedPort>) -> AttachRequest {
    AttachRequest {
        container: name.parse().unwrap(),
        created: time::OffsetDateTime::now_utc(),
        hostname: name.to_owned(),
        other_networks: Vec::new(),
        aliases: Vec::new(),
        mac_address: None,
        ipv4_address: None,
        ipv6_address: None,
        mtu: Some(mtu),
        device_mtu: mtu,
        ports,
        client_addresses: false,
    }
}
