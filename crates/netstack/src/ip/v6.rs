//! The header of IPv6 with its extension headers (RFC 8200).

use smoltcp::wire::{IpProtocol, Ipv6FragmentHeader, Ipv6Packet};

use super::{Datagram, Fragment};

/// Extension headers of one packet. Real ones have two or three.
const MAXIMUM_EXTENSION_HEADERS: usize = 8;

/// The longest datagram that can be sent without a jumbo payload, in bytes.
const MAXIMUM_PAYLOAD_BYTES: usize = 65_535;

/// Checks the headers of an IPv6 packet and takes it apart. `None`: it is malformed, source-routed (RFC 5095 tells why not), or so that its
/// upper header cannot be found, which would hide from the switch what it carries (RFC 7112).
pub(crate) fn parse_ipv6(bytes: &[u8]) -> Option<Datagram<'_>> {
    let header = Ipv6Packet::new_checked(bytes).ok()?;
    if header.version() != 6 || header.hop_limit() == 0 {
        return None;
    }
    let packet = bytes.get(..header.total_len())?;
    let mut datagram = Datagram {
        source: header.src_addr().into(),
        destination: header.dst_addr().into(),
        protocol: header.next_header().into(),
        hop_limit: header.hop_limit(),
        packet,
        payload: packet.get(40..)?,
        may_be_fragmented: false,
        fragment: None,
    };
    for index in 0..=MAXIMUM_EXTENSION_HEADERS {
        match IpProtocol::from(datagram.protocol) {
            // Only directly behind the IPv6 header.
            IpProtocol::HopByHop if index > 0 => return None,
            IpProtocol::HopByHop | IpProtocol::Ipv6Opts => {
                let (&next, &length) = (datagram.payload.first()?, datagram.payload.get(1)?);
                datagram.protocol = next;
                datagram.payload = datagram.payload.get(8 * (usize::from(length) + 1)..)?;
            }
            IpProtocol::Ipv6Frag => {
                if datagram.fragment.is_some() {
                    return None;
                }
                let next = *datagram.payload.first()?;
                let fields = Ipv6FragmentHeader::new_checked(datagram.payload.get(2..8)?).ok()?;
                let data = datagram.payload.get(8..)?;
                datagram.fragment = Some(fragment(&fields, next, data)?);
                datagram.protocol = next;
                datagram.payload = data;
                if fields.frag_offset() != 0 {
                    break;
                }
            }
            IpProtocol::Ipv6Route => return None,
            _ => break,
        }
        if index == MAXIMUM_EXTENSION_HEADERS {
            return None;
        }
    }
    // Its upper header would be in the next fragment, where the switch does not see what it is (RFC 7112).
    let is_headless = datagram.payload.is_empty() && datagram.protocol != u8::from(IpProtocol::Ipv6NoNxt);
    if is_headless && datagram.fragment.is_some() {
        return None;
    }
    let is_whole = datagram
        .fragment
        .is_some_and(|fragment| fragment.offset == 0 && fragment.is_last);
    if is_whole {
        datagram.fragment = None;
    }
    Some(datagram)
}

fn fragment<'a>(fields: &Ipv6FragmentHeader<&[u8]>, protocol: u8, data: &'a [u8]) -> Option<Fragment<'a>> {
    let offset = usize::from(fields.frag_offset()) * 8;
    let is_cut_off_a_boundary = fields.more_frags() && !data.len().is_multiple_of(8);
    if data.is_empty() || is_cut_off_a_boundary || offset + data.len() > MAXIMUM_PAYLOAD_BYTES {
        return None;
    }
    Some(Fragment {
        identification: fields.ident(),
        offset,
        is_last: !fields.more_frags(),
        protocol,
        data,
    })
}
