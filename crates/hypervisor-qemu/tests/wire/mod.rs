//! The other end of a machine's cable: asks who has an address, as a neighbour does, and waits for the answer.
//!
//! It asks again, because a question may be lost: the guest's driver tells its device a little later than the interface is up which groups it
//! listens to, and until then the device passes on no question that goes to a group.

use std::net::Ipv6Addr;
use std::time::Duration;

use tokio::net::UnixDatagram;

/// EtherTypes, IEEE 802 numbers.
const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
const ETHERTYPE_IPV6: [u8; 2] = [0x86, 0xdd];
/// `Next Header` of ICMPv6, RFC 4443.
const NEXT_HEADER_ICMPV6: u8 = 58;
/// Neighbor Solicitation and Advertisement, RFC 4861.
const NEIGHBOR_SOLICITATION: u8 = 135;
const NEIGHBOR_ADVERTISEMENT: u8 = 136;
/// Size of an Ethernet header, and of that with an IPv6 header.
const ETHERNET_BYTES: usize = 14;
const IPV6_BYTES: usize = ETHERNET_BYTES + 40;

/// Time between two questions; that of RFC 4861 is a second.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// One end of a cable, the other end of which is a machine's.
pub(crate) struct Cable {
    socket: UnixDatagram,
    /// Neighbours that have asked. Each asks for one thing, so that a late answer is not taken for another one.
    neighbors: u8,
}

impl Cable {
    pub(crate) fn new(socket: UnixDatagram) -> Self {
        Self { socket, neighbors: 0 }
    }

    /// The next frame of the machine.
    pub(crate) async fn receive(&self) -> Vec<u8> {
        let mut frame = vec![0; 1 << 16];
        let length = self.socket.recv(&mut frame).await.unwrap();
        frame.truncate(length);
        frame
    }

    /// The hardware address of the machine that answers to an IPv4 address, or `None` after `patience`.
    pub(crate) async fn resolve(&mut self, address: [u8; 4], patience: Duration) -> Option<[u8; 6]> {
        let neighbor = self.next_neighbor();
        let question = arp_request(neighbor, address);
        self.ask(&question, patience, |frame| arp_reply(to(neighbor, frame)?, address))
            .await
    }

    /// The same for an IPv6 address.
    pub(crate) async fn resolve_ipv6(&mut self, address: Ipv6Addr, patience: Duration) -> Option<[u8; 6]> {
        let neighbor = self.next_neighbor();
        let question = neighbor_solicitation(neighbor, address);
        self.ask(&question, patience, |frame| {
            neighbor_advertisement(to(neighbor, frame)?, address)
        })
        .await
    }

    fn next_neighbor(&mut self) -> u8 {
        self.neighbors += 1;
        self.neighbors
    }

    async fn ask<T>(&self, question: &[u8], patience: Duration, look: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let answer = async {
            let mut next_question = tokio::time::interval(ASK_AGAIN);
            loop {
                tokio::select! {
                    _ = next_question.tick() => drop(self.socket.send(question).await.unwrap()),
                    frame = self.receive() => if let Some(found) = look(&frame) {
                        return found;
                    },
                }
            }
        };
        tokio::time::timeout(patience, answer).await.ok()
    }
}

/// The hardware address of a neighbour.
fn mac_of(neighbor: u8) -> [u8; 6] {
    [0x02, 0xff, 0, 0, 0, neighbor]
}

/// The frame, if it is for this neighbour.
fn to(neighbor: u8, frame: &[u8]) -> Option<&[u8]> {
    frame.starts_with(&mac_of(neighbor)).then_some(frame)
}

/// "Who has `address`?", RFC 826, sent by a neighbour without an address (RFC 5227).
fn arp_request(neighbor: u8, address: [u8; 4]) -> Vec<u8> {
    let ethernet = [&[0xff; 6][..], &mac_of(neighbor), &ETHERTYPE_ARP].concat();
    let request = [0, 1, 8, 0, 6, 4, 0, 1];
    [&ethernet[..], &request, &mac_of(neighbor), &[0; 4], &[0; 6], &address].concat()
}

/// The sender of a reply that is about `address`.
fn arp_reply(frame: &[u8], address: [u8; 4]) -> Option<[u8; 6]> {
    let arp = frame.get(ETHERNET_BYTES..)?;
    let is_reply = frame.get(12..14)? == ETHERTYPE_ARP && arp.get(6..8)? == [0, 2];
    if is_reply && arp.get(14..18)? == address {
        assert_eq!(frame.get(6..12), arp.get(8..14), "the frame's sender is who answers");
        return arp.get(8..14)?.try_into().ok();
    }
    None
}

/// RFC 4861, section 4.3, to the solicited-node multicast address.
fn neighbor_solicitation(neighbor: u8, address: Ipv6Addr) -> Vec<u8> {
    let [.., d, e, f] = address.octets();
    let group = Ipv6Addr::new(
        0xff02,
        0,
        0,
        0,
        0,
        1,
        u16::from_be_bytes([0xff, d]),
        u16::from_be_bytes([e, f]),
    );
    let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, neighbor.into());
    let option = [&[1, 1][..], &mac_of(neighbor)].concat();
    let mut message = [
        &[NEIGHBOR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0][..],
        &address.octets(),
        &option,
    ]
    .concat();
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    let pseudo = [
        &source.octets()[..],
        &group.octets(),
        &[0, 0],
        &length,
        &[0, 0, 0, NEXT_HEADER_ICMPV6],
    ]
    .concat();
    let checksum = checksum(&[pseudo, message.clone()].concat());
    message[2..4].copy_from_slice(&checksum);
    let ethernet = [&[0x33, 0x33, 0xff, d, e, f][..], &mac_of(neighbor), &ETHERTYPE_IPV6].concat();
    let ip = [
        &[0x60, 0, 0, 0][..],
        &length,
        &[NEXT_HEADER_ICMPV6, 255],
        &source.octets(),
        &group.octets(),
    ]
    .concat();
    [ethernet, ip, message].concat()
}

/// The sender of an advertisement of `address`.
fn neighbor_advertisement(frame: &[u8], address: Ipv6Addr) -> Option<[u8; 6]> {
    let message = frame.get(IPV6_BYTES..)?;
    let is_about = message.get(8..24)? == address.octets();
    if frame.get(12..14)? == ETHERTYPE_IPV6 && message.first()? == &NEIGHBOR_ADVERTISEMENT && is_about {
        return frame.get(6..12)?.try_into().ok();
    }
    None
}

/// The Internet checksum of an even number of bytes, RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes
        .chunks_exact(2)
        .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap()).to_be_bytes()
}
