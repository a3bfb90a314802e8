//! Which addresses the host itself is connected to: the links of its interfaces on every system, and its routes where the kernel lists
//! them in files, as Linux does.

use std::fs::File;
use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use if_addrs::IfAddr;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::subnets::{Occupant, Occupied};

/// The largest list of routes that is read, bytes. What is beyond is not looked at.
const ROUTES_LIMIT_BYTES: u64 = 8 << 20;

/// The shortest prefix that says something of single networks: default routes, and the halves of the address space that some VPNs have
/// for one, lead to everything.
const SHORTEST_PREFIX: u8 = 8;

/// The kernel's loopback interface.
const LOOPBACK: &str = "lo";

/// Flag of a route that leads nowhere (RTF_REJECT, linux/route.h).
const REJECT: u32 = 0x200;

/// What the host is connected to, as far as the system tells.
pub(crate) fn host_prefixes() -> Vec<Occupied> {
    let mut found = interfaces();
    found.extend(routes_v4(&read(Path::new("/proc/net/route"))));
    found.extend(routes_v6(&read(Path::new("/proc/net/ipv6_route"))));
    found.retain(|occupied| occupied.subnet.prefix_len() >= SHORTEST_PREFIX);
    found
}

fn interfaces() -> Vec<Occupied> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::debug!(%error, "the host's interfaces are not known");
        Vec::new()
    });
    let connected = interfaces.into_iter().filter(|interface| !interface.is_loopback());
    connected
        .filter_map(|interface| {
            let subnet = match &interface.addr {
                IfAddr::V4(address) => Ipv4Net::with_netmask(address.ip, address.netmask).ok()?.trunc().into(),
                IfAddr::V6(address) => Ipv6Net::with_netmask(address.ip, address.netmask).ok()?.trunc().into(),
            };
            Some(Occupied {
                subnet,
                by: Occupant::Interface(interface.name),
            })
        })
        .collect()
}

/// A list of the kernel's; empty on systems that have none.
fn read(path: &Path) -> String {
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(ROUTES_LIMIT_BYTES).read_to_string(&mut text)) {
        Ok(_) => text,
        Err(error) => {
            tracing::debug!(%error, path = %path.display(), "the host's routes are not known");
            String::new()
        }
    }
}

/// Reads `/proc/net/route` (proc(5)): name, destination, gateway, flags, four numbers, mask; addresses as numbers of this machine.
fn routes_v4(text: &str) -> Vec<Occupied> {
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[name, destination, _, flags, _, _, _, mask, ..] = fields.as_slice() else {
            return None;
        };
        let address = |field: &str| {
            let number = u32::from_str_radix(field, 16).ok()?;
            Some(Ipv4Addr::from(number.to_ne_bytes()))
        };
        let subnet = Ipv4Net::with_netmask(address(destination)?, address(mask)?).ok()?;
        occupied(name, flags, subnet.trunc().into())
    };
    text.lines().filter_map(route).collect()
}

/// Reads `/proc/net/ipv6_route`: destination, prefix, source, prefix, next hop, metric, two counters, flags, name.
fn routes_v6(text: &str) -> Vec<Occupied> {
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[destination, prefix, _, _, _, _, _, _, flags, name] = fields.as_slice() else {
            return None;
        };
        let address = Ipv6Addr::from(u128::from_str_radix(destination, 16).ok()?);
        let subnet = Ipv6Net::new(address, u8::from_str_radix(prefix, 16).ok()?).ok()?;
        occupied(name, flags, subnet.trunc().into())
    };
    text.lines().filter_map(route).collect()
}

fn occupied(name: &str, flags: &str, subnet: IpNet) -> Option<Occupied> {
    let leads_nowhere = u32::from_str_radix(flags, 16).ok()? & REJECT != 0;
    (name != LOOPBACK && !leads_nowhere).then(|| Occupied {
        subnet,
        by: Occupant::Route(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(routes: &[Occupied]) -> Vec<String> {
        routes
            .iter()
            .map(|route| format!("{} {}", route.subnet, route.by))
            .collect()
    }

    #[test]
    fn routes_of_ipv4_are_read() {
        let number = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
        let text = format!(
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
             eth0\t00000000\t{gateway}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             tun0\t{net}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n\
             *\t{net}\t00000000\t0201\t0\t0\t0\t{mask}\t0\t0\t0\nbroken\n",
            gateway = number([10, 0, 0, 1]),
            net = number([192, 168, 64, 0]),
            mask = number([255, 255, 192, 0]),
        );
        let expected = [
            "0.0.0.0/0 a route of the host through eth0",
            "192.168.64.0/18 a route of the host through tun0",
        ];
        assert_eq!(shown(&routes_v4(&text)), expected);
    }

    #[test]
    fn routes_of_ipv6_are_read() {
        let zero = "0".repeat(32);
        let line = |prefix: &str, flags: &str, name: &str| {
            format!(
                "fd000001000000000000000000000000 {prefix} {zero} 00 {zero} 00000100 00000001 00000000 {flags} {name}\n"
            )
        };
        let text = line("40", "00000001", "eth0") + &line("40", "00000201", "eth1") + &line("80", "80200001", "lo");
        assert_eq!(
            shown(&routes_v6(&text)),
            ["fd00:1::/64 a route of the host through eth0"]
        );
    }

    #[test]
    fn what_leads_everywhere_belongs_to_nobody() {
        assert!(
            host_prefixes()
                .iter()
                .all(|occupied| occupied.subnet.prefix_len() >= SHORTEST_PREFIX)
        );
    }
}
