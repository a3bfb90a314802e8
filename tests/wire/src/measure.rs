//! What a network's process carries, and what it takes, as JSON for `cargo xtask bench network`; beside it, what passt does in its place.

mod figure;
mod host;
mod load;
mod loopback;
mod passt;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::Duration;

use container_wire::{Endpoint, Machine, Memory, Network};
use figure::figure;
use host::{listen, swallow};
use load::{LIMIT, Subject};
use passt::Passt;
use serde_json::Value;

/// MTU of most networks of ours, and of Ethernet.
const MTUS: [u16; 2] = [LARGEST_MTU, 1500];
const LARGEST_MTU: u16 = 65_520;
/// Connections that are held for the memory of each.
const HELD: usize = 500;

/// The subject that is ours.
const NETWORK: &str = "network";

/// Measures everything once.
pub(crate) fn measure() -> Value {
    let program = std::env::current_exe().unwrap();
    let mut figures = loopback::measure();
    for mtu in MTUS {
        figures.extend(of_network(&program, mtu));
        figures.extend(of_passt(mtu));
    }
    Value::Array(figures)
}

fn of_network(program: &Path, mtu: u16) -> Vec<Value> {
    let network = Network::new(program);
    let mut machine = Machine::attach(&network, "machine", mtu, Vec::new());
    thread::sleep(Duration::from_millis(200));
    let process = network.process().unwrap();
    let idle = Memory::of(process).unwrap();
    let host = machine.host(0).ip();
    let mut figures = carried(
        mtu,
        Subject {
            name: NETWORK,
            endpoint: &mut machine,
            host,
            process,
        },
    );
    if mtu == LARGEST_MTU {
        figures.extend(memory(&mut machine, host, process, idle));
    }
    figures
}

/// Nothing where it is not installed.
fn of_passt(mtu: u16) -> Vec<Value> {
    let Some(mut passt) = Passt::start(mtu) else {
        eprintln!("passt is not installed: not measured at an MTU of {mtu}");
        return Vec::new();
    };
    let process = passt.process();
    carried(
        mtu,
        Subject {
            name: "passt",
            endpoint: &mut passt.endpoint,
            host: passt::GATEWAY,
            process,
        },
    )
}

fn carried(mtu: u16, mut subject: Subject<'_>) -> Vec<Value> {
    let mut figures = subject.throughput(mtu);
    if mtu == LARGEST_MTU {
        figures.extend(subject.latency());
        figures.push(subject.connections());
    }
    figures
}

/// Memory of the network's process: idle, and for each of many idle connections.
fn memory(machine: &mut Endpoint, host: IpAddr, process: u32, idle: Memory) -> Vec<Value> {
    let host = SocketAddr::new(host, listen(swallow).port());
    let before = Memory::of(process).unwrap();
    let handles: Vec<_> = (0..HELD)
        .map(|_| {
            let handle = machine.socket(512);
            machine.connect(handle, host);
            handle
        })
        .collect();
    machine.wait(LIMIT, |machine| {
        let mut handles = handles.iter();
        handles.all(|handle| machine.tcp(*handle).may_send()).then_some(())
    });
    let after = Memory::of(process).unwrap();
    let kib = |bytes: u64| bytes as f64 / 1024.0;
    let grown = after.private_bytes.saturating_sub(before.private_bytes);
    vec![
        figure(NETWORK, "idle process, resident", "KiB", kib(idle.rss_bytes)),
        figure(NETWORK, "idle process, proportional", "KiB", kib(idle.pss_bytes)),
        figure(NETWORK, "idle process, private", "KiB", kib(idle.private_bytes)),
        figure(NETWORK, "an idle flow, private", "KiB", kib(grown) / HELD as f64),
    ]
}
