//! A network as scripts see it: the JSON shape of Apple's tool, with what it lacks added.

use container_engine::{NetworkMember, NetworkView};
use serde_json::{Value, json};

use crate::output::{Rows, docker_time, labels_text, timestamp};

/// Name of the plugin that Apple's tool has for networks. This program's own is in its place.
const PLUGIN: &str = "container-network-vmnet";

/// What carries the frames of a network, in the word of Docker for a network of one host.
pub(super) const DRIVER: &str = "bridge";

/// `{id, configuration{creationDate, labels, mode, name, options, plugin}, status{ipv4Gateway, ipv4Subnet, ipv6Subnet}}`, and in `status`
/// also the IPv6 gateway, whether and where the host is reached, and the containers.
pub(super) fn network_json(network: &NetworkView) -> Value {
    let NetworkView { config, members } = network;
    json!({
        "id": config.name,
        "configuration": {
            "name": config.name,
            "creationDate": timestamp(config.created),
            "mode": if config.internal { "hostOnly" } else { "nat" },
            "labels": config.labels,
            "options": config.options,
            "plugin": PLUGIN,
            "internal": config.internal,
            "hostAccess": config.host_access,
        },
        "status": {
            "ipv4Subnet": config.ipv4_subnet,
            "ipv4Gateway": network.ipv4_gateway(),
            "ipv6Subnet": config.ipv6_subnet,
            "ipv6Gateway": network.ipv6_gateway(),
            "containers": members.iter().map(member).collect::<Value>(),
        },
    })
}

/// Docker's fields of networks. A network is identified by its name.
pub(super) fn network_rows(networks: &[NetworkView]) -> Rows {
    let fields = [
        ("ID", "NETWORK ID"),
        ("Name", "NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("IPv4", "IPV4"),
        ("IPv6", "IPV6"),
        ("Internal", "INTERNAL"),
        ("CreatedAt", "CREATED AT"),
        ("Labels", "LABELS"),
    ];
    let configs = networks.iter().map(|network| &network.config);
    let entries = configs.clone().map(|config| {
        [
            config.name.to_string(),
            config.name.to_string(),
            DRIVER.to_owned(),
            "local".to_owned(),
            "true".to_owned(),
            "true".to_owned(),
            config.internal.to_string(),
            docker_time(config.created),
            labels_text(&config.labels),
        ]
    });
    Rows::new(fields, entries).with_labels(configs.map(|config| &config.labels))
}

/// `{id}`, and the addresses of one that runs.
fn member(member: &NetworkMember) -> Value {
    let mut shown = json!({ "id": member.id });
    if let Some(status) = &member.status {
        shown["hostname"] = json!(status.hostname);
        shown["ipv4Address"] = json!(status.ipv4_address);
        shown["ipv6Address"] = json!(status.ipv6_address);
        shown["macAddress"] = json!(status.mac_address);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::{NetworkConfig, UnknownFields};

    #[test]
    fn a_network_has_the_shape_of_apple_s_tool() {
        let network = NetworkView {
            config: NetworkConfig {
                name: "web".parse().unwrap(),
                created: time::OffsetDateTime::UNIX_EPOCH,
                ipv4_subnet: "10.1.0.0/24".parse().unwrap(),
                ipv6_subnet: "fd00::/64".parse().unwrap(),
                internal: true,
                host_access: true,
                labels: [("a".to_owned(), "b".to_owned())].into(),
                options: [].into(),
                unknown: UnknownFields::new(),
            },
            members: vec![NetworkMember {
                id: "db".parse().unwrap(),
                status: None,
            }],
        };
        let expected = json!({
            "id": "web",
            "configuration": {
                "name": "web", "creationDate": "1970-01-01T00:00:00Z", "mode": "hostOnly", "labels": { "a": "b" }, "options": {},
                "plugin": "container-network-vmnet", "internal": true, "hostAccess": true,
            },
            "status": {
                "ipv4Subnet": "10.1.0.0/24", "ipv4Gateway": "10.1.0.1", "ipv6Subnet": "fd00::/64", "ipv6Gateway": "fd00::1",
                "containers": [{ "id": "db" }],
            },
        });
        assert_eq!(network_json(&network), expected);
    }
}
