//! Echoes of ICMP.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use container_require::require;
use container_wire::{Message, Network, Station};
use rustix::net::{AddressFamily, SocketType, ipproto, socket};

use crate::{LIMIT, MTU, network};

/// Echo reply, and its code (RFC 792).
const REPLY: [u8; 2] = [0, 0];
/// Destination unreachable, communication administratively prohibited (RFC 1812, 5.2.7.1).
const PROHIBITED: [u8; 2] = [3, 13];
/// An address that no host has: TEST-NET-1 (RFC 5737).
const NOWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fn attach(network: &Network, mtu: u16) -> Station {
    Station::attach(network, "machine", mtu, Vec::new())
}

/// The address of this host that leads to others. Nothing is sent.
fn own_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect((NOWHERE, 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

/// Whether ordinary users may send echo requests on this host.
fn may_send_echoes() -> bool {
    socket(AddressFamily::INET, SocketType::DGRAM, Some(ipproto::ICMP)).is_ok()
}

fn assert_answered(station: &mut Station, to: Ipv4Addr, number: u16, length: usize) {
    let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
    station.send_echo(to, number ^ 0x5555, number, &payload);
    let answer = station.receive(LIMIT);
    let Some(Message::Icmp {
        from,
        kind,
        field: [a, b, c, d],
        body,
    }) = answer
    else {
        panic!("{to} {length}: {answer:?}");
    };
    assert_eq!((from, kind), (to, REPLY));
    let (identifier, sequence) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    assert_eq!((identifier, sequence), (number ^ 0x5555, number));
    assert!(body == payload, "{to}: {length} bytes came back otherwise");
}

fn assert_prohibited(station: &mut Station, number: u16) {
    station.send_echo(NOWHERE, 7, number, b"payload");
    let answer = station.receive(LIMIT);
    let Some(Message::Icmp { from, kind, body, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((from, kind), (station.gateway(), PROHIBITED));
    // The header of the packet is quoted, and the request's with its sequence number.
    let quoted = body.get(20..28).unwrap();
    assert_eq!((quoted[0], &quoted[6..]), (8, &number.to_be_bytes()[..]));
}

#[test]
fn the_gateway_and_the_host_behind_it_answer_echoes_of_all_sizes() {
    let network = network();
    for mtu in [1500, MTU] {
        let mut station = attach(&network, mtu);
        for to in [station.gateway(), station.host()] {
            for (number, length) in (0..).zip([0, 56, 1472, 1473, 65_507]) {
                assert_answered(&mut station, to, number, length);
            }
        }
    }
}

#[test]
fn echoes_to_others_are_answered_or_each_is_said_to_be_prohibited() {
    let network = network();
    let mut station = attach(&network, MTU);
    if !may_send_echoes() {
        return (0..500).for_each(|number| assert_prohibited(&mut station, number));
    }
    require!(own_address().is_some(), "an address besides the loopback's");
    for number in 0..500 {
        assert_answered(&mut station, own_address().unwrap(), number, 56);
    }
    // The oldest have made room.
    assert_eq!(network.inspect().flows.len(), 64);
}
