//! The ports of a network, by the addresses of their machines.

mod port;
mod queue;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

pub(crate) use port::Port;

use crate::{MINIMUM_MTU_BYTES, NetworkParameters, PortError, PortId, PortParameters};

/// Link-local addresses that one machine may use beside the one that follows from its MAC address. Systems make one more for privacy.
const LINK_LOCALS_PER_PORT: usize = 4;

/// All ports.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    ports: BTreeMap<PortId, Port>,
    by_mac: HashMap<[u8; 6], PortId>,
    by_address: HashMap<IpAddr, PortId>,
    /// The link-local addresses that follow from MAC addresses, and those that machines were seen to use.
    by_link_local: HashMap<Ipv6Addr, PortId>,
    next_id: u32,
}

impl Ports {
    /// Adds a machine.
    pub(crate) fn add(&mut self, network: &NetworkParameters, parameters: PortParameters) -> Result<PortId, PortError> {
        self.check(network, &parameters)?;
        let id = PortId(self.next_id);
        self.next_id += 1;
        // Whoever used the address before this machine came does not own it any more.
        self.by_link_local.insert(link_local(parameters.mac), id);
        self.by_mac.insert(parameters.mac, id);
        self.by_address.insert(parameters.ipv4.into(), id);
        self.by_address.insert(parameters.ipv6.into(), id);
        self.ports.insert(id, Port::new(id, parameters));
        Ok(id)
    }

    fn check(&self, network: &NetworkParameters, parameters: &PortParameters) -> Result<(), PortError> {
        let PortParameters {
            mac,
            ipv4,
            ipv6,
            mtu_bytes,
        } = *parameters;
        if mac[0] & 1 != 0 || mac == [0; 6] {
            return Err(PortError::MacNotUnicast);
        }
        if mac == network.gateway_mac || self.by_mac.contains_key(&mac) {
            return Err(PortError::MacTaken);
        }
        let is_host_v4 = ipv4 != network.ipv4.network() && ipv4 != network.ipv4.broadcast();
        if !network.ipv4.contains(ipv4) || !is_host_v4 {
            return Err(PortError::Ipv4NotOfSubnet(ipv4));
        }
        if !network.ipv6.contains(ipv6) || ipv6.is_multicast() || ipv6.is_unicast_link_local() {
            return Err(PortError::Ipv6NotOfSubnet(ipv6));
        }
        let is_special_v4 = ipv4 == network.ipv4.gateway || Some(ipv4) == network.ipv4.host_access;
        if is_special_v4 || self.by_address.contains_key(&ipv4.into()) {
            return Err(PortError::Ipv4Taken(ipv4));
        }
        let is_special_v6 = ipv6 == network.ipv6.gateway || Some(ipv6) == network.ipv6.host_access;
        if is_special_v6 || self.by_address.contains_key(&ipv6.into()) {
            return Err(PortError::Ipv6Taken(ipv6));
        }
        if mtu_bytes < MINIMUM_MTU_BYTES {
            return Err(PortError::MtuTooSmall(mtu_bytes));
        }
        Ok(())
    }

    /// Forgets a machine.
    pub(crate) fn remove(&mut self, id: PortId) {
        let Some(port) = self.ports.remove(&id) else { return };
        self.by_mac.remove(&port.parameters.mac);
        self.by_address.remove(&port.parameters.ipv4.into());
        self.by_address.remove(&port.parameters.ipv6.into());
        self.by_link_local.retain(|_, owner| *owner != id);
    }

    pub(crate) fn get(&self, id: PortId) -> Option<&Port> {
        self.ports.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: PortId) -> Option<&mut Port> {
        self.ports.get_mut(&id)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Port> {
        self.ports.values_mut()
    }

    /// The machine with a MAC address.
    pub(crate) fn with_mac(&self, mac: [u8; 6]) -> Option<PortId> {
        self.by_mac.get(&mac).copied()
    }

    /// The machine with an address, link-local ones among them.
    pub(crate) fn with_address(&self, address: IpAddr) -> Option<PortId> {
        let link_local = |address| self.by_link_local.get(&address);
        let found = self.by_address.get(&address).or_else(|| match address {
            IpAddr::V6(address) => link_local(address),
            IpAddr::V4(_) => None,
        });
        found.copied()
    }

    /// Whether a machine may use a link-local address. If so, it is its own from now on.
    pub(crate) fn claim_link_local(&mut self, network: &NetworkParameters, id: PortId, address: Ipv6Addr) -> bool {
        if address == link_local(network.gateway_mac) {
            return false;
        }
        if let Some(owner) = self.by_link_local.get(&address) {
            return *owner == id;
        }
        let Some(port) = self.ports.get_mut(&id) else {
            return false;
        };
        if port.link_locals >= LINK_LOCALS_PER_PORT {
            return false;
        }
        port.link_locals += 1;
        self.by_link_local.insert(address, id);
        true
    }
}

/// The link-local address that follows from a MAC address (RFC 4291, appendix A).
pub(crate) fn link_local(mac: [u8; 6]) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac;
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}
