//! Where answers of a published UDP port come from, at the addresses that this host has.

use std::net::{Ipv4Addr, SocketAddrV6, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use container_model::Transport;
use container_require::require;

use super::super::published::listen;
use super::*;

/// An answer on the same host takes no time, unless the host is busy.
const LIMIT: Duration = Duration::from_secs(60);

/// Another address of the host's loopback interface, which Linux has without anybody's having set it.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The sockets of a UDP port that is published on all addresses.
fn everywhere() -> Vec<(Datagrams, SocketAddr)> {
    let sockets = listen(None, 0, Transport::Udp).unwrap().into_iter();
    sockets
        .map(|(socket, at)| {
            let socket = UdpSocket::from(socket);
            (Datagrams::from(socket), at)
        })
        .collect()
}

impl From<UdpSocket> for Datagrams {
    fn from(socket: UdpSocket) -> Self {
        Self {
            socket: mio::net::UdpSocket::from_std(socket),
        }
    }
}

/// A client that takes nothing but what comes from the address that it sends to.
fn client(to: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(match to {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    });
    let socket = socket.unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.connect(to).unwrap();
    socket
}

fn ask(client: &UdpSocket, server: &Datagrams) -> UdpClient {
    let mut buffer = [0; 8];
    client.send(b"ask").unwrap();
    let (length, from) = receive(server, &mut buffer);
    assert_eq!(&buffer[..length], b"ask");
    from
}

/// What has been sent may take a moment on a busy host, and the server's socket waits for nothing.
fn receive(server: &Datagrams, buffer: &mut [u8]) -> (usize, UdpClient) {
    let end = Instant::now() + LIMIT;
    loop {
        match server.receive(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                thread::sleep(Duration::from_millis(1));
            }
            received => return received.unwrap(),
        }
    }
}

fn assert_answered(client: &UdpSocket, server: &Datagrams, from: &UdpClient) {
    let mut buffer = [0; 8];
    server.answer(from, b"told").unwrap();
    let length = client.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"told");
}

#[test]
fn each_client_is_answered_from_the_address_that_it_asked() {
    require!(
        UdpSocket::bind((ELSEWHERE, 0)).is_ok(),
        "a second address of the loopback interface"
    );
    for (server, at) in everywhere() {
        let interfaces = if_addrs::get_if_addrs().unwrap();
        let own = interfaces.iter().map(|interface| match interface.ip() {
            IpAddr::V6(address) if address.is_unicast_link_local() => {
                SocketAddrV6::new(address, at.port(), 0, interface.index.unwrap()).into()
            }
            address => SocketAddr::new(address, at.port()),
        });
        let all = own.chain([SocketAddr::new(ELSEWHERE, at.port())]);
        let addresses: Vec<SocketAddr> = all.filter(|address| address.is_ipv4() == at.is_ipv4()).collect();
        assert!(!addresses.is_empty(), "{at}");
        for address in addresses {
            let client = client(address);
            let from = ask(&client, &server);
            assert_eq!(from.asked.unwrap().address, address.ip());
            assert_answered(&client, &server, &from);
        }
    }
}

#[test]
fn a_program_that_asks_two_addresses_is_two_clients() {
    require!(
        UdpSocket::bind((ELSEWHERE, 0)).is_ok(),
        "a second address of the loopback interface"
    );
    let (server, at) = everywhere().remove(0);
    let program = UdpSocket::bind("127.0.0.1:0").unwrap();
    program.set_read_timeout(Some(LIMIT)).unwrap();
    let (mut clients, mut buffer) = (Vec::new(), [0; 8]);
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), ELSEWHERE] {
        program.send_to(b"ask", (address, at.port())).unwrap();
        clients.push(receive(&server, &mut buffer).1);
    }
    assert_eq!(clients[0].address, clients[1].address);
    assert_ne!(clients[0], clients[1]);
    for (client, address) in clients.iter().zip([IpAddr::V4(Ipv4Addr::LOCALHOST), ELSEWHERE]) {
        server.answer(client, b"told").unwrap();
        let (_, from) = program.recv_from(&mut buffer).unwrap();
        assert_eq!(from.ip(), address);
    }
}

#[test]
fn an_answer_whose_address_the_host_has_lost_goes_out_all_the_same() {
    let (server, at) = everywhere().remove(0);
    let program = UdpSocket::bind("127.0.0.1:0").unwrap();
    program.set_read_timeout(Some(LIMIT)).unwrap();
    program.send_to(b"ask", ("127.0.0.1", at.port())).unwrap();
    let (_, mut from) = receive(&server, &mut [0; 8]);
    // TEST-NET-1, RFC 5737: no host has it.
    from.asked = Some(AskedAddress {
        address: IpAddr::from([192, 0, 2, 1]),
        interface: 0,
    });
    server.answer(&from, b"told").unwrap();
    assert_eq!(program.recv(&mut [0; 8]).unwrap(), 4);
}

#[test]
fn a_port_at_one_address_needs_not_be_told() {
    let (socket, at) = listen(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0, Transport::Udp)
        .unwrap()
        .remove(0);
    let server = Datagrams::from(UdpSocket::from(socket));
    let client = client(at);
    let from = ask(&client, &server);
    assert_eq!(from.asked, None);
    assert_answered(&client, &server, &from);
}
