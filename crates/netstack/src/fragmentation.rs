//! Datagrams that are larger than what a machine takes at once, cut into fragments.

use smoltcp::wire::{IpProtocol, Ipv4Packet, Ipv6FragmentHeader};

use crate::packet::{Header, IPV6_HEADER_BYTES};

/// The fragment header of IPv6 (RFC 8200, section 4.5).
const IPV6_FRAGMENT_HEADER_BYTES: usize = 8;

/// Cuts an IPv4 packet, which may be a fragment itself, into packets of at most `mtu_bytes`. Nothing if it is malformed.
pub(crate) fn cut_ipv4(packet: &[u8], mtu_bytes: u16) -> Vec<Vec<u8>> {
    let Ok(original) = Ipv4Packet::new_checked(packet) else {
        return Vec::new();
    };
    let header_bytes = usize::from(original.header_len());
    let (Some(header), payload) = (packet.get(..header_bytes), original.payload()) else {
        return Vec::new();
    };
    // Offsets count in units of eight bytes.
    let piece_bytes = usize::from(mtu_bytes).saturating_sub(header_bytes) & !7;
    if piece_bytes == 0 {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    for (index, piece) in payload.chunks(piece_bytes).enumerate() {
        let offset = usize::from(original.frag_offset()) + index * piece_bytes;
        let is_last = (index + 1) * piece_bytes >= payload.len();
        let (Ok(offset), Ok(length)) = (u16::try_from(offset), u16::try_from(header_bytes + piece.len())) else {
            return Vec::new();
        };
        let mut bytes = [header, piece].concat();
        let mut fields = Ipv4Packet::new_unchecked(bytes.as_mut_slice());
        fields.set_total_len(length);
        fields.set_dont_frag(false);
        fields.set_more_frags(!is_last || original.more_frags());
        fields.set_frag_offset(offset);
        fields.fill_checksum();
        pieces.push(bytes);
    }
    pieces
}

/// Cuts an IPv6 payload into packets of at most `mtu_bytes`. Nothing if `header` is of IPv4.
pub(crate) fn cut_ipv6(header: &Header, identification: u32, payload: &[u8], mtu_bytes: u16) -> Vec<Vec<u8>> {
    let room = usize::from(mtu_bytes).saturating_sub(IPV6_HEADER_BYTES + IPV6_FRAGMENT_HEADER_BYTES) & !7;
    if header.source.is_ipv4() || room == 0 {
        return Vec::new();
    }
    let outer = Header {
        protocol: IpProtocol::Ipv6Frag.into(),
        ..*header
    };
    let mut pieces = Vec::new();
    for (index, piece) in payload.chunks(room).enumerate() {
        let Ok(offset) = u16::try_from(index * room / 8) else {
            return Vec::new();
        };
        let mut fragment = vec![header.protocol, 0, 0, 0, 0, 0, 0, 0];
        if let Some(fields) = fragment.get_mut(2..8) {
            let mut fields = Ipv6FragmentHeader::new_unchecked(fields);
            fields.set_frag_offset(offset);
            fields.set_more_frags((index + 1) * room < payload.len());
            fields.set_ident(identification);
        }
        fragment.extend_from_slice(piece);
        pieces.push(outer.packet(0, &fragment));
    }
    pieces
}
