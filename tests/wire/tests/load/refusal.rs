//! What is refused, is refused at once.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use container_model::Transport;
use container_wire::{Machine, publish};
use smoltcp::socket::tcp::State;

use crate::{LIMIT, MTU, UNNOTICED, network};

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
