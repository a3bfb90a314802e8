//! The header of IPv4 (RFC 791).

use smoltcp::wire::Ipv4Packet;

use super::{Datagram, Fragment};

/// The longest datagram, in bytes.
const MAXIMUM_BYTES: usize = 65_535;

/// Checks the header of an IPv4 packet and takes it apart. `None`: it is malformed.
pub(crate) fn parse_ipv4(bytes: &[u8]) -> Option<Datagram<'_>> {
    let header = Ipv4Packet::new_checked(bytes).ok()?;
    if header.version() != 4 || !header.verify_checksum() || header.hop_limit() == 0 {
        return None;
    }
    let packet = bytes.get(..usize::from(header.total_len()))?;
    let payload = packet.get(usize::from(header.header_len())..)?;
    let protocol = header.next_header().into();
    let offset = usize::from(header.frag_offset());
    let is_fragment = header.more_frags() || offset != 0;
    if is_fragment {
        let is_cut_off_a_boundary = header.more_frags() && !payload.len().is_multiple_of(8);
        if payload.is_empty() || is_cut_off_a_boundary || offset + payload.len() > MAXIMUM_BYTES - 20 {
            return None;
        }
    }
    let fragment = is_fragment.then_some(Fragment {
        identification: u32::from(header.ident()),
        offset,
        is_last: !header.more_frags(),
        protocol,
        data: payload,
    });
    Some(Datagram {
        source: header.src_addr().into(),
        destination: header.dst_addr().into(),
        protocol,
        hop_limit: header.hop_limit(),
        packet,
        payload,
        may_be_fragmented: !header.dont_frag(),
        fragment,
    })
}
