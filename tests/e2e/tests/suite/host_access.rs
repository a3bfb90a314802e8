//! Proves what containers reach of this host: services on its loopback by one name, where the network allows it, and nothing else.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use container_e2e::Home;

/// Tells every client that connects its name and what the client sent, up to a line end. Gives the port.
fn listen(address: IpAddr, port: u16, name: &'static str) -> u16 {
    let listener = TcpListener::bind((address, port)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut byte = [0];
            let mut said = Vec::new();
            while stream.read(&mut byte).is_ok_and(|length| length > 0) && byte[0] != b'\n' {
                said.push(byte[0]);
            }
            let _ = write!(stream, "{name} heard {}", String::from_utf8_lossy(&said));
        }
    });
    port
}

/// Sends every datagram back.
fn echo() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut datagram = [0; 2048];
        while let Ok((length, peer)) = socket.recv_from(&mut datagram) {
            // Made an answer of the DNS without records: its bit QR. RFC 1035, section 4.1.1.
            datagram[2] |= 0x80;
            let _ = socket.send_to(&datagram[..length], peer);
        }
    });
    port
}

const LOCALHOST: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

fn said_to(home: &Home, name: &str, host: &str, port: u16) -> String {
    home.guest(name, &format!("echo hello | nc -w 60 {host} {port}")).text()
}

#[test]
fn services_on_the_loopback_of_this_host_are_reached_by_its_name() {
    let home = Home::new();
    home.start_sleeper("guest");
    let [ipv4, ipv6] = LOCALHOST;
    let only_ipv4 = listen(ipv4, 0, "four");
    let only_ipv6 = listen(ipv6, 0, "six");
    for name in [
        "host.container.internal",
        "host.docker.internal",
        "host.containers.internal",
    ] {
        assert_eq!(said_to(&home, "guest", name, only_ipv4), "four heard hello", "{name}");
    }
    assert_eq!(
        said_to(&home, "guest", "host.container.internal", only_ipv6),
        "six heard hello"
    );
    // UDP: without an answer the client would fail.
    let lookup = format!("nslookup anything host.container.internal:{}", echo());
    home.guest("guest", &lookup).success();
    // Nothing listens there, and nobody else can as long as this connection has the port.
    let peer = TcpListener::bind((ipv4, 0)).unwrap();
    let connection = TcpStream::connect(peer.local_addr().unwrap()).unwrap();
    let taken = connection.local_addr().unwrap().port();
    let refused = home
        .guest("guest", &format!("nc -w 60 host.container.internal {taken}"))
        .with_code(1);
    assert!(refused.stderr.contains("refused"), "{refused:?}");
}

#[test]
fn nothing_else_leads_to_this_host() {
    let home = Home::new();
    home.run(["network", "create", "--option", "host-access=false", "closed"])
        .success();
    home.start_sleeper("open");
    home.run([
        "run",
        "-d",
        "--name",
        "shut",
        "--network",
        "closed",
        container_e2e::BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    let ports = LOCALHOST.map(|address| listen(address, 0, "host"));
    // The gateway is no host, a loopback address is the container's own, and metadata services of clouds are for the host alone.
    let gateway = home.interface("open").ipv4_gateway.to_string();
    for host in [gateway.as_str(), "127.0.0.1", "169.254.169.254", "0.0.0.0"] {
        let outcome = home.guest("open", &format!("echo hello | nc -w 3 {host} {}", ports[0]));
        assert!(outcome.code != 0 && outcome.stdout.is_empty(), "{host}: {outcome:?}");
    }
    // Nor does the address that maps it into IPv6.
    let outcome = home.guest("open", &format!("echo hello | nc -w 3 ::ffff:127.0.0.1 {}", ports[0]));
    assert!(outcome.stdout.is_empty(), "{outcome:?}");
    let open = home.interface("open");
    let closed = home.interface("shut");
    assert_eq!(closed.network, "closed");
    let access = |address: Ipv4Addr| Ipv4Addr::from(u32::from(address) | 0xfe).to_string();
    for (host, port) in [
        (access(closed.ipv4), ports[0]),
        (access(open.ipv4), ports[0]),
        (closed.ipv4_gateway.to_string(), ports[0]),
    ] {
        let outcome = home.guest("shut", &format!("echo hello | nc -w 3 {host} {port}"));
        assert!(outcome.code != 0 && outcome.stdout.is_empty(), "{host}: {outcome:?}");
    }
    home.guest("shut", "nslookup host.container.internal").with_code(1);
    assert!(!home.guest("shut", "cat /etc/hosts").text().contains("host.container"));
    home.run(["kill", "shut"]).success();
}

#[test]
fn an_internal_network_has_no_way_out() {
    let home = Home::new();
    home.run(["network", "create", "--internal", "inside"]).success();
    home.start_server("server", &["--network", "inside"]);
    home.start_server("client", &["--network", "inside"]);
    assert_eq!(home.fetched_in("client", "http://server/name"), "server");
    // The name exists, so that nobody who could know was asked.
    let outcome = home.guest("client", "nslookup example.com").with_code(1);
    let said = format!("{}{}", outcome.text(), outcome.stderr);
    assert!(said.contains("NXDOMAIN"), "{said}");
    let port = listen(LOCALHOST[0], 0, "host");
    let access = Ipv4Addr::from(u32::from(home.interface("client").ipv4) | 0xfe);
    for (host, port) in [("192.0.2.1".to_owned(), 80), (access.to_string(), port)] {
        let outcome = home.guest("client", &format!("echo hello | nc -w 3 {host} {port}"));
        assert!(outcome.code != 0 && outcome.stdout.is_empty(), "{host}: {outcome:?}");
    }
}
