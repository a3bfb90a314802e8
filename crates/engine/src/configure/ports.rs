//! The published ports of a new container.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use container_model::{PublishedPort, Transport, UnknownFields};
use container_oci::Empty;

use crate::error::RequestError;

/// Published ports or ranges that one container may have, as in Apple's tool.
const PORTS_MAX: usize = 64;

/// The ports that were asked for, and with `exposed` those of the image besides them.
pub(crate) fn published(
    asked: &[PublishedPort],
    exposed: Option<&BTreeMap<String, Empty>>,
    has_network: bool,
) -> Result<Vec<PublishedPort>, RequestError> {
    if !has_network && (!asked.is_empty() || exposed.is_some()) {
        return Err(RequestError::PortsWithoutNetwork);
    }
    for (index, port) in asked.iter().enumerate() {
        if !is_range(port) {
            return Err(RequestError::PortRange { ports: shown(port) });
        }
        if let Some(first) = asked[..index].iter().find(|other| overlap(other, port)) {
            return Err(RequestError::PortsOverlap {
                first: shown(first),
                second: shown(port),
            });
        }
    }
    let mut ports = asked.to_vec();
    let exposed = exposed.into_iter().flat_map(BTreeMap::keys);
    let exposed = exposed.filter_map(|text| exposed_port(text));
    for (container_port, proto) in exposed.flat_map(|(first, count, proto)| (0..count).map(move |n| (first + n, proto)))
    {
        if ports.len() <= PORTS_MAX {
            let leads_there = |port: &PublishedPort| {
                let range = u32::from(port.container_port)..u32::from(port.container_port) + u32::from(port.count);
                port.proto == proto && range.contains(&u32::from(container_port))
            };
            if !ports.iter().any(leads_there) {
                ports.push(PublishedPort {
                    host_address: None,
                    host_port: 0,
                    container_port,
                    proto,
                    count: 1,
                    unknown: UnknownFields::new(),
                });
            }
        }
    }
    if ports.len() > PORTS_MAX {
        return Err(RequestError::TooManyPorts {
            count: ports.len(),
            limit: PORTS_MAX,
        });
    }
    Ok(ports)
}

/// `80`, `80/tcp`, `8000-8010/udp` of an image. What is written otherwise cannot be published.
fn exposed_port(text: &str) -> Option<(u16, u16, Transport)> {
    let (range, proto) = text.split_once('/').unwrap_or((text, "tcp"));
    let proto = match proto.to_ascii_lowercase().as_str() {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => return None,
    };
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    let count = last.checked_sub(first)?.checked_add(1)?;
    (first > 0).then_some((first, count, proto))
}

fn is_range(port: &PublishedPort) -> bool {
    let is_within = |first: u16| u32::from(first) + u32::from(port.count) <= u32::from(u16::MAX) + 1;
    port.container_port > 0 && port.count > 0 && is_within(port.container_port) && is_within(port.host_port)
}

fn overlap(one: &PublishedPort, other: &PublishedPort) -> bool {
    let range = |port: &PublishedPort| {
        (
            u32::from(port.host_port),
            u32::from(port.host_port) + u32::from(port.count),
        )
    };
    let ((first, end), (other_first, other_end)) = (range(one), range(other));
    let are_chosen = one.host_port == 0 || other.host_port == 0;
    one.proto == other.proto
        && !are_chosen
        && first < other_end
        && other_first < end
        && share_address(one.host_address, other.host_address)
}

/// Whether two listeners would be in each other's way: no address and the unspecified one stand for all of their kind.
fn share_address(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return true;
    };
    one.is_ipv4() == other.is_ipv4() && (one == other || one.is_unspecified() || other.is_unspecified())
}

/// As it was written: `127.0.0.1:8080-8081:80-81/tcp`.
fn shown(port: &PublishedPort) -> String {
    let mut text = String::new();
    match port.host_address {
        Some(IpAddr::V6(address)) => _ = write!(text, "[{address}]:"),
        Some(IpAddr::V4(address)) => _ = write!(text, "{address}:"),
        None => {}
    }
    for (first, end) in [(port.host_port, ":"), (port.container_port, "/")] {
        _ = write!(text, "{first}");
        if port.count > 1 {
            _ = write!(text, "-{}", u32::from(first) + u32::from(port.count) - 1);
        }
        text.push_str(end);
    }
    _ = write!(text, "{}", port.proto);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(host_address: Option<&str>, host_port: u16, container_port: u16, count: u16) -> PublishedPort {
        PublishedPort {
            host_address: host_address.map(|address| address.parse().unwrap()),
            host_port,
            container_port,
            proto: Transport::Tcp,
            count,
            unknown: UnknownFields::new(),
        }
    }

    fn message(ports: &[PublishedPort]) -> Option<String> {
        published(ports, None, true).err().map(|error| error.to_string())
    }

    #[test]
    fn two_ports_in_each_other_s_way_are_refused() {
        let any = port(None, 8080, 80, 1);
        assert_eq!(
            message(&[any.clone(), port(Some("127.0.0.1"), 8079, 90, 2)]).unwrap(),
            "the published ports 8080:80/tcp and 127.0.0.1:8079-8080:90-91/tcp overlap"
        );
        assert!(message(&[port(Some("0.0.0.0"), 1, 1, 1), port(Some("127.0.0.1"), 1, 2, 1)]).is_some());
        for apart in [
            port(None, 8081, 80, 1),
            port(None, 0, 80, 1),
            PublishedPort {
                proto: Transport::Udp,
                ..any.clone()
            },
        ] {
            assert_eq!(message(&[any.clone(), apart]), None);
        }
        let addresses = ["127.0.0.1", "127.0.0.2", "::1", "::"];
        assert!(
            message(
                &addresses[..3]
                    .iter()
                    .map(|address| port(Some(address), 1, 1, 1))
                    .collect::<Vec<_>>()
            )
            .is_none()
        );
        assert!(
            message(
                &addresses[2..]
                    .iter()
                    .map(|address| port(Some(address), 1, 1, 1))
                    .collect::<Vec<_>>()
            )
            .is_some()
        );
    }

    #[test]
    fn ranges_end_with_the_last_port_and_are_not_many() {
        assert_eq!(message(&[port(None, 65535, 1, 1)]), None);
        for bad in [
            port(None, 65535, 1, 2),
            port(None, 1, 65535, 2),
            port(None, 1, 0, 1),
            port(None, 1, 1, 0),
        ] {
            assert!(message(&[bad]).unwrap().ends_with("are no range of ports"));
        }
        let many: Vec<_> = (1..=65).map(|number| port(None, number, number, 1)).collect();
        assert_eq!(message(&many[..64]), None);
        assert_eq!(
            message(&many).unwrap(),
            "at most 64 ports or ranges of ports can be published, not 65"
        );
    }

    #[test]
    fn what_the_image_exposes_is_published_where_the_host_likes() {
        let exposed: BTreeMap<String, Empty> = ["80/tcp", "53/UDP", "9000-9001", "7/sctp", "x", "0"]
            .map(|text| (text.to_owned(), Empty::default()))
            .into();
        let ports = published(&[port(None, 8080, 80, 1)], Some(&exposed), true).unwrap();
        let found: Vec<String> = ports.iter().map(shown).collect();
        assert_eq!(found, ["8080:80/tcp", "0:53/udp", "0:9000/tcp", "0:9001/tcp"]);
    }

    #[test]
    fn ports_need_a_network() {
        assert_eq!(
            published(&[port(None, 1, 1, 1)], None, false),
            Err(RequestError::PortsWithoutNetwork)
        );
        assert_eq!(published(&[], None, false), Ok(Vec::new()));
    }
}
