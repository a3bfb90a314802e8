//! IP packets as they come from machines.

mod v4;
mod v6;

use std::net::IpAddr;

pub(crate) use v4::parse_ipv4;
pub(crate) use v6::parse_ipv6;

/// A packet whose header was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagram<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// The IPv4 protocol, or the IPv6 next header behind the extension headers.
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
    /// The whole packet, without what pads its frame.
    pub(crate) packet: &'a [u8],
    /// What `protocol` is about. In a fragment it is cut off, and in all but the first it is not the beginning.
    pub(crate) payload: &'a [u8],
    /// Whether routers may cut it.
    pub(crate) may_be_fragmented: bool,
    pub(crate) fragment: Option<Fragment<'a>>,
}

impl Datagram<'_> {
    /// Whether `payload` begins with the header of `protocol`.
    pub(crate) fn has_upper_header(&self) -> bool {
        self.fragment.is_none_or(|fragment| fragment.offset == 0)
    }
}

/// What a fragment is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment<'a> {
    pub(crate) identification: u32,
    /// Where `data` is in the datagram, in bytes.
    pub(crate) offset: usize,
    pub(crate) is_last: bool,
    /// The protocol or next header of the datagram.
    pub(crate) protocol: u8,
    pub(crate) data: &'a [u8],
}

/// Numbers of protocols (IANA, "Assigned Internet Protocol Numbers").
pub(crate) mod protocol {
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const ICMPV6: u8 = 58;
}
