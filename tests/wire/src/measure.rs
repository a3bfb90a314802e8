//! What a network's process carries, and what it takes, as JSON for `cargo xtask bench network`.
//!
//! The machine's TCP/IP host runs in this process and takes processor time as well, so that throughput is a lower bound of what the
//! network's process can do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use container_wire::{Machine, Memory, Network, cpu_seconds};
use serde_json::{Value, json};

/// How long each throughput is measured.
const SPAN: Duration = Duration::from_secs(3);
/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(20);
/// Buffers of the machine's sockets, bytes.
const BUFFER_BYTES: usize = 1 << 20;
/// Round trips, and connections one after the other.
const ROUND_TRIPS: usize = 5000;
const CONNECTIONS: usize = 3000;
/// Connections that are held for the memory of each.
const HELD: usize = 500;

/// Measures everything.
pub(crate) fn measure() -> Value {
    let program = std::env::current_exe().unwrap();
    let mut figures = loopback();
    for mtu in [65_520, 1500] {
        let network = Network::new(&program);
        let mut machine = Machine::attach(&network, "machine", mtu, Vec::new());
        thread::sleep(Duration::from_millis(200));
        let process = network.process().unwrap();
        let idle = Memory::of(process).unwrap();
        for (direction, sends) in [("out of", true), ("into", false)] {
            let before = cpu_seconds(process).unwrap();
            let gigabits = through(&mut machine, sends);
            let cpu = cpu_seconds(process).unwrap() - before;
            let gibibytes = gigabits * SPAN.as_secs_f64() / 8.0 / 1.073_741_824;
            figures.push(figure(&format!("{direction} a machine, MTU {mtu}"), "Gbit/s", gigabits));
            figures.push(figure(
                &format!("CPU of the process, {direction} a machine, MTU {mtu}"),
                "s/GiB",
                cpu / gibibytes,
            ));
        }
        if mtu == 65_520 {
            figures.extend(latency(&mut machine));
            figures.push(figure("connections out of a machine", "1/s", connections(&mut machine)));
            figures.extend(memory(&mut machine, process, idle));
        }
    }
    Value::Array(figures)
}

fn figure(label: &str, unit: &str, value: f64) -> Value {
    json!({ "label": label, "unit": unit, "value": value })
}

/// A listener on loopback whose every connection is served by a thread.
fn listen(serve: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn swallow(mut stream: TcpStream) {
    let mut buffer = vec![0; 1 << 20];
    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

fn pour(mut stream: TcpStream) {
    let buffer = vec![0; 1 << 20];
    while stream.write_all(&buffer).is_ok() {}
}

fn echo(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read > 0) && stream.write_all(&byte).is_ok() {}
}

/// The same over loopback, without a network of ours.
fn loopback() -> Vec<Value> {
    let mut stream = TcpStream::connect(listen(swallow)).unwrap();
    let (buffer, begun, mut bytes) = (vec![0; 1 << 20], Instant::now(), 0);
    while begun.elapsed() < SPAN {
        stream.write_all(&buffer).unwrap();
        bytes += buffer.len();
    }
    let gigabits = gigabits(bytes, begun.elapsed());
    let mut stream = TcpStream::connect(listen(echo)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut times: Vec<Duration> = (0..ROUND_TRIPS)
        .map(|_| {
            let begun = Instant::now();
            stream.write_all(&[1]).unwrap();
            stream.read_exact(&mut [0]).unwrap();
            begun.elapsed()
        })
        .collect();
    let mut figures = vec![figure("loopback", "Gbit/s", gigabits)];
    figures.extend(quantiles("loopback", &mut times));
    figures
}

fn gigabits(bytes: usize, span: Duration) -> f64 {
    bytes as f64 * 8e-9 / span.as_secs_f64()
}

fn quantiles(label: &str, times: &mut [Duration]) -> [Value; 2] {
    times.sort();
    [50, 99].map(|percent| {
        let at = times[times.len() * percent / 100];
        figure(
            &format!("round trip, {label}, p{percent}"),
            "µs",
            at.as_secs_f64() * 1e6,
        )
    })
}

/// Gigabits a second of payload on one connection that the machine opens.
fn through(machine: &mut Machine, sends: bool) -> f64 {
    let host = machine.host(listen(if sends { swallow } else { pour }).port());
    let handle = machine.socket(BUFFER_BYTES);
    machine.connect(handle, host);
    machine.wait(LIMIT, |machine| machine.tcp(handle).may_send().then_some(()));
    let (buffer, begun, mut bytes) = (vec![0; BUFFER_BYTES], Instant::now(), 0);
    machine.wait(LIMIT, |machine| {
        let socket = machine.tcp(handle);
        bytes += if sends {
            socket.send_slice(&buffer).unwrap()
        } else {
            socket.recv(|data| (data.len(), data.len())).unwrap()
        };
        (begun.elapsed() > SPAN).then_some(())
    });
    let gigabits = gigabits(bytes, begun.elapsed());
    machine.tcp(handle).abort();
    machine.turn();
    machine.sockets.remove(handle);
    gigabits
}

fn latency(machine: &mut Machine) -> [Value; 2] {
    let host = machine.host(listen(echo).port());
    let handle = machine.socket(4096);
    machine.connect(handle, host);
    machine.wait(LIMIT, |machine| machine.tcp(handle).may_send().then_some(()));
    let mut times: Vec<Duration> = (0..ROUND_TRIPS)
        .map(|_| {
            let begun = Instant::now();
            machine.tcp(handle).send_slice(&[1]).unwrap();
            machine.wait(LIMIT, |machine| {
                (machine.tcp(handle).recv_slice(&mut [0]).unwrap() == 1).then(|| begun.elapsed())
            })
        })
        .collect();
    machine.tcp(handle).abort();
    machine.turn();
    machine.sockets.remove(handle);
    quantiles("out of a machine", &mut times)
}

/// Connections a second that are opened, closed by the host and closed by the machine, one after the other.
fn connections(machine: &mut Machine) -> f64 {
    let host = machine.host(listen(drop).port());
    let begun = Instant::now();
    for _ in 0..CONNECTIONS {
        let handle = machine.socket(4096);
        machine.connect(handle, host);
        machine.wait(LIMIT, |machine| {
            let socket = machine.tcp(handle);
            if socket.state() == smoltcp::socket::tcp::State::CloseWait {
                socket.close();
            }
            (!socket.is_open()).then_some(())
        });
        machine.sockets.remove(handle);
    }
    CONNECTIONS as f64 / begun.elapsed().as_secs_f64()
}

fn memory(machine: &mut Machine, process: u32, idle: Memory) -> Vec<Value> {
    let host = machine.host(listen(swallow).port());
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
        figure("idle process, resident", "KiB", kib(idle.rss_bytes)),
        figure("idle process, proportional", "KiB", kib(idle.pss_bytes)),
        figure("idle process, private", "KiB", kib(idle.private_bytes)),
        figure("an idle flow, private", "KiB", kib(grown) / HELD as f64),
    ]
}
