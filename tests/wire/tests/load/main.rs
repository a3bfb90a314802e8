//! The network's process under load.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod connections;
mod datagrams;
mod echoes;
mod greed;
mod memory;
mod names;
mod published_datagrams;
mod refusal;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use container_wire::{Machine, Memory, Network};
use smoltcp::iface::SocketHandle;

/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(60);
const MTU: u16 = 65_520;
const TRANSFER_BYTES: usize = 8 << 20;
/// What a machine notices of another one's load is less, however busy the host is.
const UNNOTICED: Duration = Duration::from_secs(2);

fn network() -> Network {
    Network::new(Path::new(env!("CARGO_BIN_EXE_wire")))
}

/// A listener on the host's loopback whose every connection is served by a thread.
fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    port
}

fn echo(mut stream: TcpStream) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
}

fn open(machine: &mut Machine, port: u16, buffer_bytes: usize) -> SocketHandle {
    let host = machine.host(port);
    let handle = machine.socket(buffer_bytes);
    machine.connect(handle, host);
    machine.wait(LIMIT, |machine| machine.tcp(handle).may_send().then_some(()));
    handle
}

/// Bytes that repeat at no power of two.
fn pattern() -> Vec<u8> {
    (0..TRANSFER_BYTES).map(|index| (index % 251) as u8).collect()
}

/// Sends bytes to a host that sends them back after the machine has closed its side or before, and checks what comes.
fn echo_through(machine: &mut Machine, port: u16) {
    let handle = open(machine, port, 1 << 18);
    let (data, mut sent, mut received) = (pattern(), 0, Vec::new());
    machine.wait(LIMIT, |machine| {
        let socket = machine.tcp(handle);
        if sent < data.len() {
            sent += socket.send_slice(&data[sent..]).unwrap();
            if sent == data.len() {
                socket.close();
            }
        }
        while socket.can_recv() {
            socket
                .recv(|bytes| {
                    received.extend_from_slice(bytes);
                    (bytes.len(), ())
                })
                .unwrap();
        }
        (received.len() == data.len() && !socket.may_recv()).then_some(())
    });
    assert!(received == data, "what came back is not what was sent");
    machine.tcp(handle).abort();
    machine.turn();
    machine.sockets.remove(handle);
}

/// Resident bytes of the network's process.
fn resident(network: &Network) -> u64 {
    Memory::of(network.process().unwrap()).unwrap().rss_bytes
}

/// Has this process as many open files as it may: each flow has an end in it.
fn raise_open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
}

/// How long a byte takes to the host and back.
fn round_trip(machine: &mut Machine, handle: SocketHandle) -> Duration {
    let begun = Instant::now();
    machine.tcp(handle).send_slice(b"!").unwrap();
    machine.wait(LIMIT, |machine| {
        let received = machine.tcp(handle).recv_slice(&mut [0; 8]).unwrap();
        (received > 0).then_some(())
    });
    begun.elapsed()
}
