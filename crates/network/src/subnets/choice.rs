//! Subnets for networks whose user names none.

use std::iter;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Occupant, Occupied, SubnetError, conflict};

/// Prefix of a chosen IPv4 subnet: 252 containers.
const PREFIX_V4: u8 = 24;
/// Prefix of a chosen IPv6 subnet.
const PREFIX_V6: u8 = 64;

/// First two bytes, first third byte and number of the /24 blocks that are chosen from. 192.168.64.0 and its followers are what Apple's
/// tool has; 10.209.0.0/16 and 172.29.0.0/16 are far from the beginnings of their ranges, where companies and other tools start.
const BLOCKS_V4: [(u8, u8, u8, u16); 3] = [(192, 168, 64, 64), (10, 209, 0, 256), (172, 29, 0, 256)];

/// The longest prefix of a route that a network may lie in, if nothing else is free: a VPN may claim all private addresses by few wide
/// routes.
const WIDE_ROUTE_PREFIX: u8 = 16;

/// First byte of locally assigned unique local addresses (RFC 4193, 3.1).
const UNIQUE_LOCAL: u8 = 0xfd;

/// The first block that nobody has; failing that, the first that only wide routes claim.
pub(crate) fn choose_ipv4(occupied: &[Occupied]) -> Result<Ipv4Net, SubnetError> {
    let is_narrow =
        |other: &&Occupied| !matches!(other.by, Occupant::Route(_)) || other.subnet.prefix_len() > WIDE_ROUTE_PREFIX;
    let free = blocks().find(|&block| conflict(IpNet::V4(block), occupied).is_none());
    free.or_else(|| blocks().find(|&block| conflict(IpNet::V4(block), occupied.iter().filter(is_narrow)).is_none()))
        .ok_or(SubnetError::NoneFree)
}

fn blocks() -> impl Iterator<Item = Ipv4Net> {
    BLOCKS_V4.iter().flat_map(|&(first, second, third, count)| {
        let start = u32::from(Ipv4Addr::new(first, second, third, 0));
        let step = 1_u32 << (32 - PREFIX_V4);
        let starts = iter::successors(Some(start), move |start| start.checked_add(step));
        starts
            .take(usize::from(count))
            .filter_map(|start| Ipv4Net::new(start.into(), PREFIX_V4).ok())
    })
}

/// The /64 of a random global id and subnet id (RFC 4193, 3.2).
pub(crate) fn unique_local(random: [u8; 7]) -> Ipv6Net {
    let mut bytes = [0; 16];
    bytes[0] = UNIQUE_LOCAL;
    bytes[1..8].copy_from_slice(&random);
    Ipv6Net::new_assert(Ipv6Addr::from(bytes), PREFIX_V6)
}

#[cfg(test)]
mod tests {
    use super::super::route;
    use super::*;

    fn chosen(occupied: &[&str]) -> String {
        let occupied: Vec<Occupied> = occupied.iter().map(|subnet| route(subnet)).collect();
        choose_ipv4(&occupied).map_or_else(|error| error.to_string(), |subnet| subnet.to_string())
    }

    #[test]
    fn the_first_block_without_another_owner_is_taken() {
        assert_eq!(chosen(&[]), "192.168.64.0/24");
        assert_eq!(chosen(&["192.168.64.0/24", "192.168.65.128/25"]), "192.168.66.0/24");
        assert_eq!(chosen(&["192.168.0.0/16"]), "10.209.0.0/24");
        assert_eq!(chosen(&["192.168.0.0/16", "10.209.0.0/17"]), "10.209.128.0/24");
    }

    #[test]
    fn a_vpn_that_claims_all_private_addresses_leaves_room() {
        let everything = ["192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12"];
        assert_eq!(chosen(&everything), "192.168.64.0/24");
        let with_offices: Vec<&str> = everything.into_iter().chain(["192.168.64.0/18"]).collect();
        assert_eq!(chosen(&with_offices), "10.209.0.0/24");
    }

    #[test]
    fn when_nothing_is_free_that_is_said() {
        let full: Vec<Occupied> = blocks().map(|block| route(&block.to_string())).collect();
        assert_eq!(choose_ipv4(&full), Err(SubnetError::NoneFree));
    }

    #[test]
    fn ipv6_subnets_are_unique_local() {
        let subnet = unique_local([1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(subnet.to_string(), "fd01:203:405:607::/64");
    }
}
