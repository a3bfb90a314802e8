//! Datagrams of machines to the host and back: many flows, and large ones.

use std::collections::HashMap;
use std::net::{SocketAddrV4, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use container_require::require;
use container_wire::{Machine, Message, Station};

use crate::{LIMIT, MTU, UNNOTICED, echo, listen, network, open, raise_open_files, resident, round_trip};

/// Flows that a machine may have (`docs/networking.md`, "Limits").
const FLOWS_MAX: usize = 1024;
const FIRST_PORT: u16 = 20_000;
/// Ports of the machine from which it sends.
const PORTS: u16 = 3000;
/// Datagrams that are under way at once, so that no buffer of the host overflows.
const AT_ONCE: usize = 16;
/// One that was lost is sent again after that time.
const RETRY: Duration = Duration::from_secs(1);

/// A service on the host's loopback that sends everything back.
fn echo_datagrams() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..length], from);
        }
    });
    port
}

/// Bytes that no other pair of port and length has.
fn payload(port: u16, length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| (index.wrapping_mul(7) ^ usize::from(port)) as u8)
        .collect()
}

/// Sends a datagram from each port, and waits until each has its own back.
fn exchange(station: &mut Station, server: SocketAddrV4, ports: &[u16], length: usize) {
    let mut waiting: HashMap<u16, Vec<u8>> = ports.iter().map(|&port| (port, payload(port, length))).collect();
    let end = Instant::now() + LIMIT;
    while !waiting.is_empty() {
        assert!(
            Instant::now() < end,
            "{} of length {length} have no answer",
            waiting.len()
        );
        for (port, payload) in &waiting {
            station.send_udp(*port, server, payload);
        }
        let retry = Instant::now() + RETRY;
        while !waiting.is_empty()
            && let Some(message) = station.receive(retry.saturating_duration_since(Instant::now()))
        {
            let Message::Udp { from, to_port, payload } = message else {
                panic!("{message:?}");
            };
            assert_eq!(from, server);
            // The same one may come twice, if it was thought lost.
            if let Some(expected) = waiting.remove(&to_port) {
                assert!(payload == expected, "port {to_port} got what is not its own");
            }
        }
    }
}

#[test]
fn more_flows_than_a_machine_may_have_are_kept_apart_and_the_oldest_go() {
    require!(
        Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    raise_open_files();
    let network = network();
    let mut station = Station::attach(&network, "machine", MTU, Vec::new());
    let server = SocketAddrV4::new(station.host(), echo_datagrams());
    let before = resident(&network);
    let ports: Vec<u16> = (FIRST_PORT..FIRST_PORT + PORTS).collect();
    for batch in ports.chunks(AT_ONCE) {
        exchange(&mut station, server, batch, 64);
    }
    let flows = network.inspect().flows;
    assert_eq!(flows.len(), FLOWS_MAX);
    // Those of one batch may have been used in any order.
    let kept = FIRST_PORT + PORTS - u16::try_from(FLOWS_MAX + AT_ONCE).unwrap();
    assert!(
        flows.iter().all(|flow| flow.machine.port() >= kept),
        "{:?}",
        flows.first()
    );
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
    // One that had to go begins anew.
    exchange(&mut station, server, &ports[..1], 64);
}

#[test]
fn datagrams_of_all_sizes_come_back_as_they_were_sent() {
    let network = network();
    let port = echo_datagrams();
    for (name, mtu) in [("least", 1280), ("ethernet", 1500), ("most", MTU)] {
        let mut station = Station::attach(&network, name, mtu, Vec::new());
        let server = SocketAddrV4::new(station.host(), port);
        for length in [0, 1, 1251, 1252, 1253, 1472, 1473, 9000, 65_492, 65_493, 65_507] {
            exchange(&mut station, server, &[FIRST_PORT, FIRST_PORT + 1], length);
        }
    }
}

#[test]
fn a_machine_that_opens_flows_without_end_costs_little_and_no_other_machine() {
    require!(
        Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut wild = Station::attach(&network, "wild", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let handle = open(&mut other, listen(echo), 1 << 12);
    let server = SocketAddrV4::new(wild.host(), echo_datagrams());
    let before = resident(&network);
    let flood = thread::spawn(move || {
        // Nobody takes the answers.
        let payload = payload(0, 1000);
        for number in 0..20_000 {
            wild.send_udp(FIRST_PORT + number, server, &payload);
        }
        wild
    });
    let mut slowest = Duration::ZERO;
    while !flood.is_finished() {
        slowest = slowest.max(round_trip(&mut other, handle));
    }
    let _wild = flood.join().unwrap();
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
    assert!(slowest < UNNOTICED, "{slowest:?}");
}
