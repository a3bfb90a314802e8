//! Subnets that a user names.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Occupied, SubnetError, conflict};

/// Shortest and longest prefix of an IPv4 subnet; the longest has room for four containers.
const PREFIXES_V4: (u8, u8) = (8, 29);
/// Shortest and longest prefix of an IPv6 subnet.
const PREFIXES_V6: (u8, u8) = (48, 112);

/// What addresses mean that no network can have (IANA's registries of special-purpose addresses).
const RESERVED: [(&str, &str); 9] = [
    ("0.0.0.0/8", "this host's"),
    ("127.0.0.0/8", "the loopback's"),
    ("169.254.0.0/16", "link-local"),
    ("224.0.0.0/4", "groups'"),
    ("240.0.0.0/4", "reserved"),
    ("::/48", "the loopback's and embedded IPv4 addresses"),
    ("64:ff9b::/48", "translated IPv4 addresses"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "groups'"),
];

/// The subnet, without the bits of a host, if a network can have it.
pub(crate) fn check_ipv4(subnet: Ipv4Net, occupied: &[Occupied]) -> Result<Ipv4Net, SubnetError> {
    let subnet = subnet.trunc();
    check(subnet.into(), PREFIXES_V4, occupied).map(|()| subnet)
}

/// The subnet, without the bits of a host, if a network can have it.
pub(crate) fn check_ipv6(subnet: Ipv6Net, occupied: &[Occupied]) -> Result<Ipv6Net, SubnetError> {
    let subnet = subnet.trunc();
    check(subnet.into(), PREFIXES_V6, occupied).map(|()| subnet)
}

fn check(subnet: IpNet, (shortest, longest): (u8, u8), occupied: &[Occupied]) -> Result<(), SubnetError> {
    if !(shortest..=longest).contains(&subnet.prefix_len()) {
        return Err(SubnetError::Size {
            subnet,
            shortest,
            longest,
        });
    }
    for (reserved, meaning) in RESERVED {
        let overlaps = reserved
            .parse::<IpNet>()
            .is_ok_and(|reserved| reserved.contains(&subnet) || subnet.contains(&reserved));
        if overlaps {
            return Err(SubnetError::Reserved { subnet, meaning });
        }
    }
    match conflict(subnet, occupied) {
        Some(occupied) => Err(SubnetError::Occupied {
            subnet,
            occupied: occupied.clone(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Occupant, route};
    use super::*;

    fn message(subnet: &str, occupied: &[Occupied]) -> String {
        let checked = match subnet.parse().unwrap() {
            IpNet::V4(subnet) => check_ipv4(subnet, occupied).map(IpNet::V4),
            IpNet::V6(subnet) => check_ipv6(subnet, occupied).map(IpNet::V6),
        };
        checked.map_or_else(|error| error.to_string(), |subnet| subnet.to_string())
    }

    #[test]
    fn bits_of_a_host_are_dropped() {
        assert_eq!(message("10.1.2.3/24", &[]), "10.1.2.0/24");
        assert_eq!(message("fd00::5/64", &[]), "fd00::/64");
    }

    #[test]
    fn sizes_and_special_addresses_are_refused() {
        for (subnet, reason) in [
            ("10.0.0.0/7", "/8 to /29"),
            ("10.0.0.0/30", "/8 to /29"),
            ("fd00::/120", "/48 to /112"),
            ("fd00::/40", "/48 to /112"),
            ("127.1.0.0/16", "the loopback's"),
            ("169.254.7.0/24", "link-local"),
            ("224.0.0.0/24", "groups'"),
            ("fe80::/64", "link-local"),
            ("::/64", "loopback"),
        ] {
            assert!(
                message(subnet, &[]).contains(reason),
                "{subnet}: {}",
                message(subnet, &[])
            );
        }
    }

    #[test]
    fn whoever_has_the_addresses_is_named() {
        let network = Occupied {
            subnet: "10.1.0.0/16".parse().unwrap(),
            by: Occupant::Network("web".parse().unwrap()),
        };
        let occupied = [route("192.168.7.0/24"), network];
        assert_eq!(
            message("10.1.2.0/24", &occupied),
            "the subnet 10.1.2.0/24 overlaps 10.1.0.0/16 of network web"
        );
        assert_eq!(
            message("192.168.0.0/16", &occupied),
            "the subnet 192.168.0.0/16 overlaps 192.168.7.0/24 of a route of the host through tun0"
        );
        assert_eq!(message("fd00:1::/64", &occupied), "fd00:1::/64");
    }
}
