//! What a network and its ports are made of.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Limits;

/// The addresses of a network, and what it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkParameters {
    /// The gateway's MAC address.
    pub gateway_mac: [u8; 6],
    /// Its IPv4 side.
    pub ipv4: Ipv4Parameters,
    /// Its IPv6 side.
    pub ipv6: Ipv6Parameters,
    /// There is no way out: neither to remote peers nor to the host's loopback. Names are still answered.
    pub is_internal: bool,
    /// What each port may take.
    pub limits: Limits,
}

/// The IPv4 addresses of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Parameters {
    /// The gateway's address, which is of the subnet.
    pub gateway: Ipv4Addr,
    /// Length of the subnet's prefix in bits.
    pub prefix_length: u8,
    /// The address that leads to the host's loopback.
    pub host_access: Option<Ipv4Addr>,
}

impl Ipv4Parameters {
    /// Whether `address` is of the subnet.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX
            .checked_shl(32 - u32::from(self.prefix_length.min(32)))
            .unwrap_or(0);
        u32::from(address) & mask == u32::from(self.gateway) & mask
    }

    /// The subnet's broadcast address.
    #[must_use]
    pub fn broadcast(&self) -> Ipv4Addr {
        let hosts = u32::MAX.checked_shr(u32::from(self.prefix_length.min(32))).unwrap_or(0);
        Ipv4Addr::from(u32::from(self.gateway) | hosts)
    }

    /// The subnet's own address.
    #[must_use]
    pub fn network(&self) -> Ipv4Addr {
        let hosts = u32::MAX.checked_shr(u32::from(self.prefix_length.min(32))).unwrap_or(0);
        Ipv4Addr::from(u32::from(self.gateway) & !hosts)
    }
}

/// The IPv6 addresses of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6Parameters {
    /// The gateway's address, which is of the subnet.
    pub gateway: Ipv6Addr,
    /// Length of the subnet's prefix in bits.
    pub prefix_length: u8,
    /// The address that leads to the host's loopback.
    pub host_access: Option<Ipv6Addr>,
}

impl Ipv6Parameters {
    /// Whether `address` is of the subnet.
    #[must_use]
    pub fn contains(&self, address: Ipv6Addr) -> bool {
        let mask = u128::MAX
            .checked_shl(128 - u32::from(self.prefix_length.min(128)))
            .unwrap_or(0);
        u128::from(address) & mask == u128::from(self.gateway) & mask
    }
}

/// A machine's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortParameters {
    /// The machine's MAC address.
    pub mac: [u8; 6],
    /// Its IPv4 address.
    pub ipv4: Ipv4Addr,
    /// Its IPv6 address, beside link-local ones.
    pub ipv6: Ipv6Addr,
    /// The largest IP packet that it takes, in bytes.
    pub mtu_bytes: u16,
}

/// IPv6 works on no link with a smaller MTU (RFC 8200, section 5).
pub const MINIMUM_MTU_BYTES: u16 = 1280;

/// Why a port was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The MAC address is another port's or the gateway's.
    #[error("the MAC address is taken")]
    MacTaken,
    /// The MAC address is a group's, or zero.
    #[error("the MAC address is not one of a machine")]
    MacNotUnicast,
    /// The IPv4 address is another port's, the gateway's or that of host access.
    #[error("the address {0} is taken")]
    Ipv4Taken(Ipv4Addr),
    /// The IPv6 address is another port's, the gateway's or that of host access.
    #[error("the address {0} is taken")]
    Ipv6Taken(Ipv6Addr),
    /// The IPv4 address is not a machine's address of the subnet.
    #[error("{0} is not a machine's address of this network")]
    Ipv4NotOfSubnet(Ipv4Addr),
    /// The IPv6 address is not a machine's address of the subnet.
    #[error("{0} is not a machine's address of this network")]
    Ipv6NotOfSubnet(Ipv6Addr),
    /// The MTU is below [`MINIMUM_MTU_BYTES`].
    #[error("an MTU of {0} bytes is below {MINIMUM_MTU_BYTES}")]
    MtuTooSmall(u16),
}
