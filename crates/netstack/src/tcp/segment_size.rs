//! Segments that a machine acknowledges at once.
//!
//! A receiver acknowledges every second full segment, and a single one only after its delay (RFC 5681, 4.2: up to 500 ms; Linux: 40 ms).
//! With an MTU of 64 KiB one segment can fill its whole window, so that each would wait for that delay. A sender therefore bounds its
//! segments to half of the window that the machine has offered, as Linux does itself (RFC 9293, 3.8.6.2.1: half of the maximum window).
//! smoltcp does not; it is told of a smaller segment size than the machine asked for.

use std::borrow::Cow;

/// Header of IPv6, without extensions; bytes (RFC 8200, section 3).
const IPV6_HEADER_BYTES: usize = 40;
/// Header of TCP, without options; bytes (RFC 9293, section 3.1).
const TCP_HEADER_BYTES: usize = 20;
/// Where flags and window are in it.
const FLAGS_AT: usize = 13;
const WINDOW_AT: usize = 14;
/// The flag of a segment that begins a connection.
const SYN: u8 = 2;
/// Kinds of options (RFC 9293, section 3.2).
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const SEGMENT_SIZE: u8 = 2;
const SEGMENT_SIZE_BYTES: u8 = 4;

/// Smallest segments that are asked for, bytes: what every host takes (RFC 9293, section 3.7.1).
const LEAST_BYTES: u16 = 536;

/// The packet, with its segment size bounded to half of its window if it begins a connection. Its checksum is not corrected.
pub(super) fn bounded(packet: &[u8]) -> Cow<'_, [u8]> {
    match place_and_bound(packet) {
        Some((at, bytes)) => {
            let mut changed = packet.to_vec();
            if let Some(place) = changed.get_mut(at..at + 2) {
                place.copy_from_slice(&bytes.to_be_bytes());
            }
            Cow::Owned(changed)
        }
        None => Cow::Borrowed(packet),
    }
}

/// Where the segment size is, and what it should be; `None` when it is small enough or not there.
fn place_and_bound(packet: &[u8]) -> Option<(usize, u16)> {
    let first = *packet.first()?;
    let tcp_at = match first >> 4 {
        4 => usize::from(first & 0xf) * 4,
        _ => IPV6_HEADER_BYTES,
    };
    let tcp = packet.get(tcp_at..)?;
    if tcp.get(FLAGS_AT)? & SYN == 0 {
        return None;
    }
    let window = u16::from_be_bytes([*tcp.get(WINDOW_AT)?, *tcp.get(WINDOW_AT + 1)?]);
    let bound = (window / 2).max(LEAST_BYTES);
    let header_bytes = usize::from(tcp.get(12)? >> 4) * 4;
    let mut at = TCP_HEADER_BYTES;
    while at < header_bytes {
        let kind = *tcp.get(at)?;
        let length = *tcp.get(at + 1)?;
        match kind {
            END_OF_OPTIONS => return None,
            NO_OPERATION => at += 1,
            SEGMENT_SIZE if length == SEGMENT_SIZE_BYTES => {
                let asked = u16::from_be_bytes([*tcp.get(at + 2)?, *tcp.get(at + 3)?]);
                return (asked > bound).then_some((tcp_at + at + 2, bound));
            }
            // One that has no length would never end.
            _ if length < 2 => return None,
            _ => at += usize::from(length),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn syn(flags: u8, window: u16, options: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45; 20];
        let mut tcp = vec![0; TCP_HEADER_BYTES];
        tcp[12] = (((TCP_HEADER_BYTES + options.len()) / 4) << 4) as u8;
        tcp[FLAGS_AT] = flags;
        tcp[WINDOW_AT..WINDOW_AT + 2].copy_from_slice(&window.to_be_bytes());
        packet.extend(tcp);
        packet.extend(options);
        packet
    }

    fn segment_size(packet: &[u8]) -> u16 {
        u16::from_be_bytes([packet[packet.len() - 2], packet[packet.len() - 1]])
    }

    #[test]
    fn segments_are_half_a_window_at_most() {
        let asked = 65_480_u16.to_be_bytes();
        let option = [SEGMENT_SIZE, SEGMENT_SIZE_BYTES, asked[0], asked[1]];
        let behind_others = [&[NO_OPERATION, NO_OPERATION, 4, 2][..], &option].concat();
        for options in [&option[..], &behind_others] {
            assert_eq!(segment_size(&bounded(&syn(SYN, 65_535, options))), 32_767);
            assert_eq!(segment_size(&bounded(&syn(SYN | 0x10, 20_000, options))), 10_000);
            assert_eq!(segment_size(&bounded(&syn(SYN, 10, options))), LEAST_BYTES);
            let other = syn(0x10, 20_000, options);
            assert!(matches!(bounded(&other), Cow::Borrowed(_)));
        }
        let small = syn(SYN, 65_535, &[SEGMENT_SIZE, SEGMENT_SIZE_BYTES, 5, 180]);
        assert!(matches!(bounded(&small), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert_eq!(bounded(&bytes).len(), bytes.len());
        }
    }
}
