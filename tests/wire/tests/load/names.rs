//! Questions about names, more than anybody can answer.

use std::net::{SocketAddrV4, UdpSocket};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use container_require::require;
use container_wire::{Machine, Message, Network, Station};

use crate::{LIMIT, MTU, UNNOTICED, echo, listen, open, raise_open_files, resident, round_trip};

/// Port of the DNS (RFC 1035, 4.2).
const DNS_PORT: u16 = 53;
/// Questions of the machine that does not stop.
const QUESTIONS: u16 = 30_000;
/// Its ports: more than it may have flows.
const PORTS: u16 = 3000;
const FIRST_PORT: u16 = 20_000;
/// Questions over a connection that are asked without waiting for the answers.
const AT_ONCE: u16 = 500;
/// What is in a name whose question has to come to the resolver.
const RARE: &[u8] = b"rare";

/// A resolver that takes questions and never answers, and what tells of each question for a rare name.
fn silent_resolver() -> (Network, mpsc::Receiver<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let network = Network::with_resolver(Path::new(env!("CARGO_BIN_EXE_wire")), socket.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok(length) = socket.recv(&mut buffer) {
            let is_rare = buffer[..length].windows(RARE.len()).any(|bytes| bytes == RARE);
            if is_rare && sender.send(()).is_err() {
                return;
            }
        }
    });
    (network, receiver)
}

/// A question for the IPv4 addresses of a name (RFC 1035, 4.1).
fn question(identifier: u16, name: &str) -> Vec<u8> {
    let mut message = identifier.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// Takes a message that has its length in front, once it is whole (RFC 1035, 4.2.2).
fn take_message(received: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes(*received.first_chunk()?));
    let message = received.get(2..2 + length)?.to_vec();
    received.drain(..2 + length);
    Some(message)
}

fn server(station: &Station) -> SocketAddrV4 {
    SocketAddrV4::new(station.gateway(), DNS_PORT)
}

/// Asks for a machine of the network; how long it takes until its address is there.
fn look_up(station: &mut Station, identifier: u16, name: &str, address: [u8; 4]) -> Duration {
    let (begun, server) = (Instant::now(), server(station));
    station.send_udp(FIRST_PORT, server, &question(identifier, name));
    let answer = station.receive(LIMIT);
    let Some(Message::Udp { from, payload, .. }) = answer else {
        panic!("no answer but {answer:?}");
    };
    assert_eq!(from, server);
    assert!(payload.starts_with(&identifier.to_be_bytes()), "{payload:?}");
    assert!(payload.ends_with(&address), "{payload:?}");
    begun.elapsed()
}

/// Asks for names of the world and of the network in turn. The answers to the first half are taken.
fn ask_without_end(station: &mut Station) {
    let server = server(station);
    for number in 0..QUESTIONS {
        let name = if number % 2 == 0 {
            format!("name{number}.example")
        } else {
            "asker".to_owned()
        };
        station.send_udp(FIRST_PORT + number % PORTS, server, &question(number, &name));
        while number < QUESTIONS / 2 && station.receive(Duration::ZERO).is_some() {}
    }
}

#[test]
fn a_machine_that_asks_for_names_without_end_costs_little_and_no_other_machine() {
    require!(
        Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let (network, rare) = silent_resolver();
    let mut wild = Station::attach(&network, "wild", 1500, Vec::new());
    let mut asker = Station::attach(&network, "asker", 1500, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let handle = open(&mut other, listen(echo), 1 << 12);
    let address = other.attached.status.ipv4_address.addr().octets();
    look_up(&mut asker, 1, "other", address);
    let before = resident(&network);
    let flood = thread::spawn(move || {
        ask_without_end(&mut wild);
        wild
    });
    let (mut slowest, mut identifier) = (Duration::ZERO, 1);
    while !flood.is_finished() {
        identifier += 1;
        slowest = slowest.max(look_up(&mut asker, identifier, "other", address));
        slowest = slowest.max(round_trip(&mut other, handle));
    }
    // What it has under way keeps nobody else from the resolver.
    let to = server(&asker);
    asker.send_udp(FIRST_PORT + 1, to, &question(9, "rare.example"));
    rare.recv_timeout(UNNOTICED).unwrap();
    let _wild = flood.join().unwrap();
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
    assert!(slowest < UNNOTICED, "{slowest:?}");
}

#[test]
fn a_machine_that_fills_a_connection_with_questions_costs_little_and_no_other_machine() {
    require!(
        Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let (network, _rare) = silent_resolver();
    let mut wild = Machine::attach(&network, "wild", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let handle = open(&mut other, listen(echo), 1 << 12);
    let gateway = SocketAddrV4::new(wild.attached.status.ipv4_gateway, DNS_PORT);
    let before = resident(&network);
    let address = other.attached.status.ipv4_address.addr().octets();
    let flood = thread::spawn(move || {
        let handle = wild.socket(1 << 20);
        wild.connect(handle, gateway.into());
        // Messages without anything, not even a header; and then some that have an answer, all at once.
        let mut data = vec![0; 1 << 19];
        for identifier in 0..AT_ONCE {
            let question = question(identifier, "other");
            data.extend(u16::try_from(question.len()).unwrap().to_be_bytes());
            data.extend(question);
        }
        let (mut sent, mut received, mut answers) = (0, Vec::new(), Vec::new());
        wild.wait(LIMIT * 4, |wild| {
            let socket = wild.tcp(handle);
            if socket.may_send() {
                sent += socket.send_slice(&data[sent..]).unwrap();
            }
            while socket.can_recv() {
                let take = |bytes: &mut [u8]| (bytes.len(), bytes.to_vec());
                received.extend(socket.recv(take).unwrap());
            }
            while let Some(answer) = take_message(&mut received) {
                answers.push(answer);
            }
            (answers.len() == usize::from(AT_ONCE)).then_some(())
        });
        for (identifier, answer) in (0..AT_ONCE).zip(answers) {
            assert!(
                answer.starts_with(&identifier.to_be_bytes()),
                "{identifier}: {answer:?}"
            );
            assert!(answer.ends_with(&address), "{identifier}: {answer:?}");
        }
    });
    let mut slowest = Duration::ZERO;
    while !flood.is_finished() {
        slowest = slowest.max(round_trip(&mut other, handle));
    }
    flood.join().unwrap();
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
    assert!(slowest < UNNOTICED, "{slowest:?}");
}

#[test]
fn a_machine_that_leaves_questions_half_said_costs_little() {
    require!(
        Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    raise_open_files();
    let (network, _rare) = silent_resolver();
    let mut wild = Machine::attach(&network, "wild", MTU, Vec::new());
    let gateway = SocketAddrV4::new(wild.attached.status.ipv4_gateway, DNS_PORT);
    let before = resident(&network);
    // The largest message there may be, but for its last byte.
    let data = vec![u8::MAX; 1 + usize::from(u16::MAX)];
    let mut refused = 0;
    for _ in 0..1000 {
        let handle = wild.socket(1 << 12);
        wild.connect(handle, gateway.into());
        let mut sent = 0;
        wild.wait(LIMIT, |wild| {
            let socket = wild.tcp(handle);
            if socket.may_send() {
                sent += socket.send_slice(&data[sent..]).unwrap();
            }
            let is_taken = sent == data.len() && socket.send_queue() == 0;
            (is_taken || !socket.is_open()).then_some(())
        });
        if !wild.tcp(handle).is_open() {
            wild.sockets.remove(handle);
            refused += 1;
        }
    }
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
    assert!(refused > 900, "{refused}");
}
