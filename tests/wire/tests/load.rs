//! The network's process under load.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use container_model::Transport;
use container_require::require;
use container_wire::{Machine, Memory, Network, publish};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;

/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(15);
const MTU: u16 = 65_520;
const TRANSFER_BYTES: usize = 8 << 20;

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

#[test]
fn ten_thousand_connections_out_leave_nothing() {
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, Vec::new());
    let host = machine.host(listen(|mut stream| stream.write_all(b"!").unwrap()));
    for number in 0..10_000 {
        let handle = machine.socket(512);
        machine.connect(handle, host);
        let mut received = 0;
        machine.wait(LIMIT, |machine| {
            let socket = machine.tcp(handle);
            received += socket.recv(|bytes| (bytes.len(), bytes.len())).unwrap_or(0);
            if socket.state() == State::CloseWait {
                socket.close();
            }
            (!socket.is_open()).then_some(())
        });
        assert_eq!(received, 1, "connection {number}");
        machine.sockets.remove(handle);
    }
    network.wait_for_no_flows();
}

#[test]
fn three_thousand_connections_in_leave_nothing() {
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, vec![publish(80, Transport::Tcp)]);
    let published = machine.published();
    let handles: Vec<_> = (0..4).map(|_| machine.socket(512)).collect();
    let clients = thread::spawn(move || {
        for number in 0..3000 {
            let mut stream = TcpStream::connect(published).unwrap();
            stream.write_all(b"?").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert_eq!(answer, b"?", "connection {number}");
        }
    });
    machine.wait(LIMIT, |machine| {
        for handle in &handles {
            let socket = machine.tcp(*handle);
            if !socket.is_open() {
                socket.listen(80).unwrap();
            }
            if socket.state() == State::CloseWait {
                let mut bytes = [0; 8];
                let length = socket.recv_slice(&mut bytes).unwrap_or(0);
                socket.send_slice(&bytes[..length]).unwrap();
                socket.close();
            }
        }
        clients.is_finished().then_some(())
    });
    clients.join().unwrap();
    machine.wait(LIMIT, |machine| {
        let mut handles = handles.iter();
        let mut is_idle = |handle| matches!(machine.tcp(handle).state(), State::Listen | State::Closed);
        handles.all(|handle| is_idle(*handle)).then_some(())
    });
    network.wait_for_no_flows();
}

#[test]
fn two_thousand_idle_flows_all_work_and_take_little_memory() {
    const FLOWS: usize = 2000;
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    // Each flow has an end in this process.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, Vec::new());
    let host = machine.host(listen(echo));
    let before = resident(&network);
    let mut handles = Vec::new();
    while handles.len() < FLOWS {
        // No more than the listener of the host lets wait.
        let batch: Vec<_> = (0..50).map(|_| machine.socket(64)).collect();
        for handle in &batch {
            machine.connect(*handle, host);
        }
        machine.wait(LIMIT, |machine| {
            let mut batch = batch.iter();
            batch.all(|handle| machine.tcp(*handle).may_send()).then_some(())
        });
        handles.extend(batch);
    }
    let each = resident(&network).saturating_sub(before) / FLOWS as u64;
    assert!(each <= 64 << 10, "{each} bytes a flow");
    assert_eq!(network.inspect().flows.len(), FLOWS);
    for handle in &handles {
        machine.tcp(*handle).send_slice(b"!").unwrap();
    }
    let mut received = 0;
    machine.wait(LIMIT, |machine| {
        for handle in &handles {
            received += machine.tcp(*handle).recv_slice(&mut [0; 8]).unwrap();
        }
        (received == FLOWS).then_some(())
    });
}

#[test]
fn a_half_closed_connection_carries_all_that_is_left() {
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, Vec::new());
    let after_the_end = listen(|mut stream| {
        let mut data = Vec::new();
        stream.read_to_end(&mut data).unwrap();
        stream.write_all(&data).unwrap();
    });
    echo_through(&mut machine, after_the_end);
    let before_the_end = listen(echo);
    echo_through(&mut machine, before_the_end);
}

#[test]
fn a_host_that_does_not_read_costs_little_and_no_other_machine() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut slow = Machine::attach(&network, "slow", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let before = resident(&network);
    let never = listen(|_stream| thread::sleep(LIMIT));
    let handles: Vec<_> = (0..32).map(|_| open(&mut slow, never, 1 << 18)).collect();
    let (data, begun) = (pattern(), Instant::now());
    slow.wait(LIMIT, |slow| {
        for handle in &handles {
            slow.tcp(*handle).send_slice(&data).unwrap();
        }
        (begun.elapsed() > Duration::from_secs(2)).then_some(())
    });
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 80 << 20, "{grown} bytes");
    echo_through(&mut other, listen(echo));
}

#[test]
fn a_machine_that_does_not_read_costs_little_and_no_other_machine() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut slow = Machine::attach(&network, "slow", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let before = resident(&network);
    let flood = listen(|mut stream| {
        let data = pattern();
        while stream.write_all(&data).is_ok() {}
    });
    for _ in 0..32 {
        open(&mut slow, flood, 1 << 18);
    }
    let begun = Instant::now();
    slow.wait(LIMIT, |_| (begun.elapsed() > Duration::from_secs(1)).then_some(()));
    // From now on it does not even take its frames.
    echo_through(&mut other, listen(echo));
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 80 << 20, "{grown} bytes");
}

#[test]
fn a_machine_that_only_opens_connections_is_bounded_and_alone_in_it() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut wild = Machine::attach(&network, "wild", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let before = resident(&network);
    let host = wild.host(listen(echo));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let handle = wild.socket(64);
        wild.connect(handle, host);
        wild.turn();
        // It forgets the connection and says nothing.
        wild.sockets.remove(handle);
    }
    echo_through(&mut other, listen(echo));
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 100 << 20, "{grown} bytes");
}

#[test]
fn a_process_that_is_killed_under_load_is_replaced() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the number of a process in /proc"
    );
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, vec![publish(80, Transport::Tcp)]);
    let (published, port) = (machine.published(), listen(echo));
    let handle = open(&mut machine, port, 1 << 18);
    machine.tcp(handle).send_slice(&pattern()).unwrap();
    machine.turn();
    network.kill();
    let mut end = machine.connection().try_clone().unwrap();
    assert_eq!(end.read(&mut [0]).unwrap_or(0), 0);
    machine.sockets.remove(handle);
    machine.attach_again(&network);
    echo_through(&mut machine, port);
    assert_eq!(machine.published(), published);
    let handle = machine.socket(512);
    machine.tcp(handle).listen(80).unwrap();
    let client = thread::spawn(move || {
        let mut answer = [0];
        TcpStream::connect(published).unwrap().read_exact(&mut answer).unwrap();
        answer
    });
    machine.wait(LIMIT, |machine| machine.tcp(handle).may_send().then_some(()));
    machine.tcp(handle).send_slice(b"!").unwrap();
    machine.wait(LIMIT, |_| client.is_finished().then_some(()));
    assert_eq!(client.join().unwrap(), *b"!");
}

#[test]
fn a_connection_that_the_host_refuses_is_refused_at_once() {
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, vec![publish(80, Transport::Tcp)]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let host = machine.host(free);
    let handle = machine.socket(512);
    machine.connect(handle, host);
    machine.wait(Duration::from_secs(2), |machine| {
        (machine.tcp(handle).state() == State::Closed).then_some(())
    });
}
