//! Network devices, rtnetlink(7): what there is, and one change a message, so that a refusal is about one thing.

use crate::netlink::{Netlink, attributes, u32_at};

/// `RTM_NEWLINK`, `linux/rtnetlink.h`: with the index of a device that there is, changes it.
const RTM_NEWLINK: u16 = 16;
/// `RTM_GETLINK`, `linux/rtnetlink.h`.
const RTM_GETLINK: u16 = 18;
/// `IFLA_ADDRESS`, `linux/if_link.h`.
const IFLA_ADDRESS: u16 = 1;
/// `IFLA_IFNAME`, `linux/if_link.h`.
const IFLA_IFNAME: u16 = 3;
/// `IFLA_MTU`, `linux/if_link.h`.
const IFLA_MTU: u16 = 4;
/// `IFLA_STATS64`, `linux/if_link.h`: `struct rtnl_link_stats64`, packets and then bytes, received and then sent.
const IFLA_STATS64: u16 = 23;
/// `IFLA_EXT_MASK`, `linux/if_link.h`: what the answer is to have.
const IFLA_EXT_MASK: u16 = 29;
/// `RTEXT_FILTER_SKIP_STATS`, `linux/rtnetlink.h`: no counters, which take the kernel longer than all the rest.
const RTEXT_FILTER_SKIP_STATS: u32 = 8;
/// `IFLA_PERM_ADDRESS`, `linux/if_link.h`.
const IFLA_PERM_ADDRESS: u16 = 54;
/// `IFF_UP`, `linux/if.h`.
const IFF_UP: u32 = 1;
/// Size of `struct ifinfomsg`, `linux/rtnetlink.h`.
const BODY_BYTES: usize = 16;

/// A network device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// The hardware address that the device was made with; it stays when the interface is given another. Devices of software alone
    /// have none.
    pub(crate) device_address: Option<[u8; 6]>,
    pub(crate) mtu_bytes: u32,
}

/// All network devices.
pub(crate) fn list(netlink: &mut Netlink) -> rustix::io::Result<Vec<Link>> {
    let found = netlink.dump(
        RTM_GETLINK,
        &[0; BODY_BYTES],
        &[(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes())],
    )?;
    Ok(found.iter().filter_map(|payload| parse(payload)).collect())
}

/// Bytes that were received and sent by each device that has an address of its own, as those of the machine have.
pub(crate) fn list_counters(netlink: &mut Netlink) -> rustix::io::Result<Vec<[u64; 2]>> {
    let found = netlink.dump(RTM_GETLINK, &[0; BODY_BYTES], &[])?;
    Ok(found.iter().filter_map(|payload| parse_counters(payload)).collect())
}

fn parse_counters(payload: &[u8]) -> Option<[u64; 2]> {
    let attribute = |wanted| {
        let mut found = attributes(payload.get(BODY_BYTES..)?);
        found.find_map(|(kind, value)| (kind == wanted).then_some(value))
    };
    attribute(IFLA_PERM_ADDRESS)?;
    let counters = attribute(IFLA_STATS64)?;
    let number = |offset: usize| {
        let bytes = counters.get(offset..offset + 8)?.try_into().ok()?;
        Some(u64::from_ne_bytes(bytes))
    };
    Some([number(16)?, number(24)?])
}

fn parse(payload: &[u8]) -> Option<Link> {
    let mut link = Link {
        index: u32_at(payload, 4)?,
        name: String::new(),
        device_address: None,
        mtu_bytes: 0,
    };
    for (kind, value) in attributes(payload.get(BODY_BYTES..)?) {
        match kind {
            IFLA_IFNAME => {
                let text = value.strip_suffix(b"\0").unwrap_or(value);
                link.name = String::from_utf8_lossy(text).into_owned();
            }
            IFLA_MTU => link.mtu_bytes = u32_at(value, 0)?,
            IFLA_PERM_ADDRESS => link.device_address = value.try_into().ok(),
            _ => {}
        }
    }
    Some(link)
}

/// Takes the interface up or down. The kernel removes the routes and IPv6 addresses of one that is down.
pub(crate) fn set_up(netlink: &mut Netlink, index: u32, up: bool) -> rustix::io::Result<()> {
    let flags = if up { IFF_UP } else { 0 };
    netlink.change(RTM_NEWLINK, 0, &body(index, flags, IFF_UP), &[])
}

/// Renames the interface.
pub(crate) fn set_name(netlink: &mut Netlink, index: u32, name: &str) -> rustix::io::Result<()> {
    let name = [name.as_bytes(), b"\0"].concat();
    netlink.change(RTM_NEWLINK, 0, &body(index, 0, 0), &[(IFLA_IFNAME, &name)])
}

/// Gives the interface another hardware address.
pub(crate) fn set_address(netlink: &mut Netlink, index: u32, address: [u8; 6]) -> rustix::io::Result<()> {
    netlink.change(RTM_NEWLINK, 0, &body(index, 0, 0), &[(IFLA_ADDRESS, &address)])
}

/// Sets the size of the largest IP packet, bytes.
pub(crate) fn set_mtu(netlink: &mut Netlink, index: u32, mtu_bytes: u32) -> rustix::io::Result<()> {
    netlink.change(
        RTM_NEWLINK,
        0,
        &body(index, 0, 0),
        &[(IFLA_MTU, &mtu_bytes.to_ne_bytes())],
    )
}

/// `struct ifinfomsg`: the flags in `mask` become those of `flags`.
fn body(index: u32, flags: u32, mask: u32) -> [u8; BODY_BYTES] {
    let mut body = [0; BODY_BYTES];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..16].copy_from_slice(&mask.to_ne_bytes());
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_listed() {
        let links = list(&mut Netlink::open().unwrap()).unwrap();
        let lo = links.iter().find(|link| link.index == 1).unwrap();
        assert_eq!((lo.name.as_str(), lo.device_address), ("lo", None));
    }

    #[test]
    fn only_devices_of_the_machine_are_counted() {
        let mut payload = body(3, 0, 0).to_vec();
        payload.extend([36, 0, 23, 0]);
        payload.extend([1_u64, 2, 3000, 4000].into_iter().flat_map(u64::to_ne_bytes));
        let of_software = payload.clone();
        payload.extend([10, 0, 54, 0, 2, 0, 0, 0, 0, 1, 0, 0]);
        if cfg!(target_endian = "little") {
            assert_eq!(parse_counters(&payload), Some([3000, 4000]));
            assert_eq!(parse_counters(&of_software), None);
            assert_eq!(parse_counters(&payload[..30]), None);
        }
        assert!(list_counters(&mut Netlink::open().unwrap()).is_ok());
    }

    #[test]
    fn a_device_is_known_by_the_address_that_it_was_made_with() {
        let mut payload = body(3, 0, 0).to_vec();
        payload.extend([10, 0, 1, 0, 2, 0, 0, 0, 0, 9, 0, 0]);
        payload.extend([10, 0, 54, 0, 2, 0, 0, 0, 0, 1, 0, 0]);
        payload.extend([8, 0, 4, 0, 0xdc, 5, 0, 0]);
        payload.extend([9, 0, 3, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0]);
        let link = Link {
            index: 3,
            name: "eth0".to_owned(),
            device_address: Some([2, 0, 0, 0, 0, 1]),
            mtu_bytes: 1500,
        };
        if cfg!(target_endian = "little") {
            assert_eq!(parse(&payload), Some(link));
        }
        assert_eq!(parse(&payload[..7]), None);
    }
}
