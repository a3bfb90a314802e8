//! Networks, ports and names of all shapes.

use std::net::IpAddr;

use container_model::{HostEntry, MacAddress, NetworkAttachment, PublishedPort, ResolverConfig, Transport};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{texts, unknown};

fn attachment() -> impl Strategy<Value = NetworkAttachment> {
    (
        "[a-z][a-z0-9]{0,9}x",
        option::of(any::<[u8; 5]>()),
        option::of(any::<u16>()),
        option::of(any::<[u8; 4]>()),
        option::of(any::<[u8; 16]>()),
        texts(),
        unknown(),
    )
        .prop_map(|(network, mac, mtu, ipv4, ipv6, aliases, unknown)| NetworkAttachment {
            mac_address: mac.map(|[a, b, c, d, e]| MacAddress::new([2, a, b, c, d, e]).unwrap()),
            mtu,
            ipv4_address: ipv4.map(Into::into),
            ipv6_address: ipv6.map(Into::into),
            aliases,
            unknown,
            ..NetworkAttachment::new(network.parse().unwrap())
        })
}

fn port() -> impl Strategy<Value = PublishedPort> {
    let transport = prop_oneof![Just(Transport::Tcp), Just(Transport::Udp)];
    (option::of(any::<IpAddr>()), any::<[u16; 3]>(), transport, unknown()).prop_map(
        |(host_address, [host_port, container_port, count], proto, unknown)| PublishedPort {
            host_address,
            host_port,
            container_port,
            proto,
            count,
            unknown,
        },
    )
}

fn resolver() -> impl Strategy<Value = ResolverConfig> {
    (
        vec(any::<IpAddr>(), 0..3),
        option::of(any::<String>()),
        texts(),
        texts(),
        any::<bool>(),
        unknown(),
    )
        .prop_map(
            |(nameservers, domain, search_domains, options, disabled, unknown)| ResolverConfig {
                nameservers,
                domain,
                search_domains,
                options,
                disabled,
                unknown,
            },
        )
}

fn host() -> impl Strategy<Value = HostEntry> {
    (any::<String>(), option::of(any::<IpAddr>()), unknown()).prop_map(|(name, address, unknown)| HostEntry {
        name,
        address,
        unknown,
    })
}

/// Networks, published ports, names, lines of `/etc/hosts` and host name.
pub(crate) type Networking = (
    Vec<NetworkAttachment>,
    Vec<PublishedPort>,
    ResolverConfig,
    Vec<HostEntry>,
    Option<String>,
);

pub(crate) fn networking() -> impl Strategy<Value = Networking> {
    (
        vec(attachment(), 0..3),
        vec(port(), 0..3),
        resolver(),
        vec(host(), 0..3),
        option::of(any::<String>()),
    )
}
