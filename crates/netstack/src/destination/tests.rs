//! Where packets of a machine lead, and whom a machine sees as a client.

use super::{Place, destination, place, visible_client};
use crate::tests::network;
use crate::{ConnectFailure, Destination, NetworkParameters, Service};

fn internal() -> NetworkParameters {
    NetworkParameters {
        is_internal: true,
        ..network()
    }
}

#[test]
fn destinations_lead_where_the_table_says() {
    use ConnectFailure::{Prohibited, Refused, Unreachable};
    let remote = |to: &str| Ok(Destination::Remote(to.parse().unwrap()));
    let table = [
        ("10.9.0.1:53", Ok(Destination::Service(Service::Dns))),
        ("[fd00:9::1]:53", Ok(Destination::Service(Service::Dns))),
        ("10.9.0.1:80", Err(Refused)),
        ("[fd00:9::1]:54", Err(Refused)),
        (
            "10.9.0.254:8080",
            Ok(Destination::HostLoopback {
                port: 8080,
                is_ipv6: false,
            }),
        ),
        (
            "[fd00:9::fe]:8080",
            Ok(Destination::HostLoopback {
                port: 8080,
                is_ipv6: true,
            }),
        ),
        ("10.9.0.77:80", Err(Unreachable)),
        ("[fd00:9::77]:80", Err(Unreachable)),
        ("10.9.0.0:80", Err(Prohibited)),
        ("10.9.0.255:80", Err(Prohibited)),
        ("192.0.2.1:443", remote("192.0.2.1:443")),
        ("10.8.0.1:53", remote("10.8.0.1:53")),
        ("192.168.1.1:80", remote("192.168.1.1:80")),
        ("100.100.100.201:80", remote("100.100.100.201:80")),
        ("[2001:db8::1]:443", remote("[2001:db8::1]:443")),
        ("[fd01::1]:443", remote("[fd01::1]:443")),
        ("[64:ff9b::c000:201]:443", remote("[64:ff9b::c000:201]:443")),
        ("[2002:c000:201::1]:443", remote("[2002:c000:201::1]:443")),
        ("127.0.0.1:80", Err(Prohibited)),
        ("127.255.0.1:53", Err(Prohibited)),
        ("0.0.0.0:80", Err(Prohibited)),
        ("0.1.2.3:80", Err(Prohibited)),
        ("169.254.169.254:80", Err(Prohibited)),
        ("224.0.0.251:5353", Err(Prohibited)),
        ("240.0.0.1:80", Err(Prohibited)),
        ("255.255.255.255:67", Err(Prohibited)),
        ("100.100.100.200:80", Err(Prohibited)),
        ("168.63.129.16:80", Err(Prohibited)),
        ("192.0.0.192:80", Err(Prohibited)),
        ("[::]:80", Err(Prohibited)),
        ("[::1]:80", Err(Prohibited)),
        ("[::7f00:1]:80", Err(Prohibited)),
        ("[::ffff:127.0.0.1]:80", Err(Prohibited)),
        ("[::ffff:192.0.2.1]:80", Err(Prohibited)),
        ("[::ffff:0:127.0.0.1]:80", Err(Prohibited)),
        ("[fe80::1]:80", Err(Prohibited)),
        ("[febf::1]:80", Err(Prohibited)),
        ("[ff02::1]:80", Err(Prohibited)),
        ("[fd00:ec2::254]:80", Err(Prohibited)),
        ("[fd00:ec2::23]:80", Err(Prohibited)),
        ("[fd20:ce::254]:80", Err(Prohibited)),
        ("[64:ff9b::7f00:1]:80", Err(Prohibited)),
        ("[64:ff9b::a9fe:a9fe]:80", Err(Prohibited)),
        ("[64:ff9b:1::a9fe:a9fe]:80", Err(Prohibited)),
        ("[2002:7f00:1::1]:80", Err(Prohibited)),
    ];
    for (to, expected) in table {
        assert_eq!(destination(&network(), to.parse().unwrap()), expected, "{to}");
    }
}

#[test]
fn an_internal_network_has_names_and_no_way_out() {
    let dns = Ok(Destination::Service(Service::Dns));
    assert_eq!(destination(&internal(), "10.9.0.1:53".parse().unwrap()), dns);
    for to in ["192.0.2.1:53", "10.9.0.254:80", "[2001:db8::1]:443", "[fd00:9::fe]:80"] {
        assert_eq!(
            destination(&internal(), to.parse().unwrap()),
            Err(ConnectFailure::Prohibited),
            "{to}"
        );
    }
}

#[test]
fn without_host_access_its_address_is_one_of_the_subnet() {
    let mut network = network();
    network.ipv4.host_access = None;
    assert_eq!(place(&network, "10.9.0.254".parse().unwrap()), Place::Subnet);
}

#[test]
fn only_clients_from_outside_are_shown() {
    let client = |text: &str, is_ipv6| visible_client(&network(), text.parse().unwrap(), is_ipv6).is_some();
    assert!(client("192.0.2.1:5000", false));
    assert!(client("[2001:db8::1]:5000", true));
    assert!(!client("192.0.2.1:5000", true));
    assert!(!client("127.0.0.1:5000", false));
    assert!(!client("[::1]:5000", true));
    assert!(!client("10.9.0.1:5000", false));
    assert!(!client("10.9.0.2:5000", false));
    assert!(!client("192.0.2.1:0", false));
}
