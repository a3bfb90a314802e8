//! Clients of a published UDP port, and what the machine behind it says.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use container_model::{PublishedPort, Transport};
use container_wire::{Message, Station, publish};

use crate::{LIMIT, MTU, network, raise_open_files};

/// The machine's port.
const PORT: u16 = 9;
/// Programs that ask at the same time.
const PROGRAMS: u8 = 4;
/// One datagram that was lost is sent again after that time.
const RETRY: Duration = Duration::from_secs(1);

/// The machine's port, published on all addresses of the host.
fn everywhere() -> PublishedPort {
    PublishedPort {
        host_address: None,
        ..publish(PORT, Transport::Udp)
    }
}

/// Addresses of the host's loopback. Not every system has all.
fn addresses() -> Vec<IpAddr> {
    let all = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let all = all.into_iter();
    all.filter(|address| UdpSocket::bind((*address, 0)).is_ok()).collect()
}

/// A client that takes only what comes from the address that it asks.
fn client(address: IpAddr, port: u16) -> UdpSocket {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).unwrap();
    socket.connect(SocketAddr::new(address, port)).unwrap();
    socket.set_read_timeout(Some(RETRY)).unwrap();
    socket
}

/// Bytes that say whose they are, as far as there is room.
fn payload(program: u8, round: usize, length: usize) -> Vec<u8> {
    let tag = [program, round as u8, (round >> 8) as u8];
    let rest = (0..).map(|index: usize| index as u8 ^ program);
    tag.into_iter().chain(rest).take(length).collect()
}

/// Sends a datagram until it has come back.
fn exchange(client: &UdpSocket, sent: &[u8]) {
    let mut buffer = vec![0; 1 << 16];
    let end = Instant::now() + LIMIT;
    client.send(sent).unwrap();
    loop {
        assert!(Instant::now() < end, "no answer to {} bytes", sent.len());
        match client.recv(&mut buffer) {
            Ok(length) if buffer[..length] == *sent => return,
            // An earlier one that was thought lost.
            Ok(length) => assert_eq!(buffer[..length].first(), sent.first(), "of another client"),
            Err(_) => {
                client.send(sent).unwrap();
            }
        }
    }
}

/// Sends everything back until all programs have ended; the clients as the machine saw them.
fn serve(station: &mut Station, programs: Vec<thread::JoinHandle<()>>) -> HashSet<u16> {
    let mut seen = HashSet::new();
    while !programs.iter().all(thread::JoinHandle::is_finished) {
        let Some(message) = station.receive(Duration::from_millis(50)) else {
            continue;
        };
        let Message::Udp { from, to_port, payload } = message else {
            panic!("{message:?}");
        };
        assert_eq!((*from.ip(), to_port), (station.gateway(), PORT));
        seen.insert(from.port());
        station.send_udp(PORT, from, &payload);
    }
    for program in programs {
        program.join().unwrap();
    }
    seen
}

#[test]
fn clients_at_all_addresses_get_datagrams_of_all_sizes_back() {
    let network = network();
    for (name, mtu) in [("ethernet", 1500), ("most", MTU)] {
        let mut station = Station::attach(&network, name, mtu, vec![everywhere()]);
        let port = station.published().port();
        let addresses = addresses();
        let clients = usize::from(PROGRAMS) * addresses.len();
        let programs = (0..PROGRAMS).map(|program| {
            let addresses = addresses.clone();
            thread::spawn(move || {
                let clients: Vec<UdpSocket> = addresses.iter().map(|address| client(*address, port)).collect();
                let lengths = [3, 1472, 1473, 9000, 65_507];
                for (round, length) in lengths.into_iter().enumerate() {
                    for client in &clients {
                        exchange(client, &payload(program, round, length));
                    }
                }
            })
        });
        let programs = programs.collect();
        assert_eq!(serve(&mut station, programs).len(), clients);
    }
}

#[test]
fn more_clients_than_a_machine_may_have_flows_are_kept_apart_and_the_oldest_begin_anew() {
    raise_open_files();
    let network = network();
    let mut station = Station::attach(&network, "machine", MTU, vec![everywhere()]);
    let port = station.published().port();
    let programs = (0..PROGRAMS).map(|program| {
        thread::spawn(move || {
            let clients: Vec<UdpSocket> = (0..400).map(|_| client(Ipv4Addr::LOCALHOST.into(), port)).collect();
            for (round, client) in clients.iter().enumerate() {
                exchange(client, &payload(program, round, 64));
            }
            // Of all of them, the first has been idle for the longest.
            exchange(&clients[0], &payload(program, clients.len(), 64));
        })
    });
    let programs = programs.collect();
    let seen = serve(&mut station, programs);
    assert!(seen.len() > 400 * usize::from(PROGRAMS), "{}", seen.len());
    assert_eq!(network.inspect().flows.len(), 1024);
}
