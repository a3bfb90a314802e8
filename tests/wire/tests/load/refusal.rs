//! What is refused, is refused at once.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::thread;

use container_model::Transport;
use container_wire::{Machine, publish};
use smoltcp::socket::tcp::State;

use crate::{LIMIT, MTU, UNNOTICED, network};

#[test]
fn a_connection_that_the_host_refuses_is_refused_at_once() {
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, vec![publish(80, Transport::Tcp)]);
    // Nothing listens at a port that a connection has, and nobody else can.
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = TcpStream::connect(peer.local_addr().unwrap()).unwrap();
    let host = machine.host(connection.local_addr().unwrap().port());
    let handle = machine.socket(512);
    machine.connect(handle, host);
    machine.wait(UNNOTICED, |machine| {
        (machine.tcp(handle).state() == State::Closed).then_some(())
    });
}

#[test]
fn a_client_of_a_published_port_on_which_nothing_listens_is_reset_at_once() {
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, vec![publish(80, Transport::Tcp)]);
    machine.learn_gateway();
    let published = machine.published();
    for _ in 0..3 {
        let client = thread::spawn(move || {
            let mut stream = TcpStream::connect(published).unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            stream.read(&mut [0]).unwrap_err().kind()
        });
        machine.wait(UNNOTICED, |_| client.is_finished().then_some(()));
        assert_eq!(client.join().unwrap(), ErrorKind::ConnectionReset);
    }
    network.wait_for_no_flows();
}
