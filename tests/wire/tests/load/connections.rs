//! Many connections: none leaves anything, and all carry what they are given.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use container_model::Transport;
use container_require::require;
use container_wire::{Machine, publish};
use smoltcp::socket::tcp::State;

use crate::{LIMIT, MTU, echo, echo_through, listen, network, open, pattern, raise_open_files, resident};

/// All connections of a series, one after the other, take no longer, however busy the host is.
const SERIES_LIMIT: Duration = Duration::from_secs(240);

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
    machine.wait(SERIES_LIMIT, |machine| {
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
    raise_open_files();
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
