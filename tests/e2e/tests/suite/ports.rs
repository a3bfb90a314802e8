//! Proves that published ports of this host lead into containers, for clients of either version of IP, and tell the truth about what is
//! behind them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::Duration;

use container_e2e::{
    BUSYBOX, COMMAND_LIMIT, Home, Image, KNOWN_ADDRESS, LOCALHOST, LOCALHOST_V6, Process, ask, connect, exchange,
    fetch, free_port, free_ports, noise,
};
use container_require::require;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::debian;

/// Another address of this host's loopback interface.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Large enough that no buffer on the way holds all of it.
const LARGE_BYTES: usize = 20_000_000;

#[test]
fn ports_lead_into_the_container() {
    let home = Home::new();
    let (fixed, local) = (free_port(), free_port());
    home.start_server(
        "web",
        &[
            "--publish",
            &format!("{fixed}:80"),
            "--publish",
            &format!("127.0.0.1:{local}:80"),
            "--publish",
            "7",
            "--publish",
            "81",
        ],
    );
    for address in [LOCALHOST, LOCALHOST_V6] {
        assert_eq!(fetch(address, fixed, "/name").unwrap(), "web", "{address}");
    }
    assert_eq!(fetch(LOCALHOST, local, "/name").unwrap(), "web");
    for address in [ELSEWHERE, LOCALHOST_V6] {
        assert!(connect(address, local).is_err(), "{address}");
    }
    // The host chose this one.
    let random = home.host_port("web", 7);
    assert_ne!(random, 0);
    for address in [LOCALHOST, LOCALHOST_V6] {
        let echo = exchange(connect(address, random).unwrap(), b"hello".to_vec()).unwrap();
        assert_eq!(echo, b"hello", "{address}");
    }
    let shown = home.run(["port", "web", "7"]).success().text();
    assert_eq!(shown, format!("0.0.0.0:{random}\n[::]:{random}"));
    let all = home.run(["port", "web"]).success().text();
    for expected in [
        format!("80/tcp -> 0.0.0.0:{fixed}"),
        format!("80/tcp -> 127.0.0.1:{local}"),
    ] {
        assert!(all.lines().any(|line| line == expected), "no {expected} in {all}");
    }
    home.run(["port", "web", "99"]).failure(1, &["99/tcp", "web"]);
    let listed = home.run(["list", "--format", "json"]).success().json();
    assert!(
        listed.to_string().contains(&format!("\"hostPort\":{random}")),
        "{listed}"
    );
    // Nobody listens to port 81 in the container: the connection is reset at once.
    let refused = connect(LOCALHOST, home.host_port("web", 81)).and_then(|mut stream| stream.read(&mut [0; 1]));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionReset);
    home.run(["stop", "web"]).success();
    // The other ports may be anybody's by now.
    for port in [fixed, local] {
        assert_eq!(
            connect(LOCALHOST, port).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
    }
    home.assert_quiet();
    assert_eq!(home.run(["port", "web"]).success().text(), "");
}

#[test]
fn bytes_arrive_as_they_were_sent() {
    let home = Home::new();
    home.start_server("echo", &["--publish", "7"]);
    let port = home.host_port("echo", 7);
    // Both directions at once, and one ends before the other.
    let sent = noise(7, LARGE_BYTES);
    let received = exchange(connect(LOCALHOST, port).unwrap(), sent.clone()).unwrap();
    assert_eq!(received.len(), sent.len());
    assert!(received == sent, "the bytes are others");
    // Many connections, one after the other and several at once.
    let mut open = Vec::new();
    for number in 0..100_u64 {
        let bytes = noise(number, 1000);
        assert_eq!(
            exchange(connect(LOCALHOST, port).unwrap(), bytes.clone()).unwrap(),
            bytes
        );
        open.push(connect(LOCALHOST, port).unwrap());
    }
    for (mut stream, byte) in open.into_iter().zip(0..) {
        stream.write_all(&[byte]).unwrap();
        let mut answer = [0];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [byte]);
    }
}

#[test]
fn what_the_guest_does_not_answer_is_held_back() {
    let home = Home::new();
    home.start_server("web", &["--publish", "80"]);
    let port = home.host_port("web", 80);
    let machine = home.processes().into_iter().find(Process::is_hypervisor).unwrap();
    let machine = Pid::from_raw(machine.id).unwrap();
    kill_process(machine, Signal::STOP).unwrap();
    let mut stream = connect(LOCALHOST, port).unwrap();
    stream.write_all(b"GET /name HTTP/1.0\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let silence = stream.read(&mut [0; 1]).unwrap_err();
    assert!(
        matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{silence}"
    );
    kill_process(machine, Signal::CONT).unwrap();
    stream.set_read_timeout(Some(COMMAND_LIMIT)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("web\n"), "{answer}");
}

#[test]
fn a_port_in_use_is_named_with_who_holds_it() {
    let home = Home::new();
    let port = free_port();
    let publish = format!("{port}:80");
    home.run([
        "run", "-d", "--name", "holder", "-p", &publish, BUSYBOX, "sleep", "1000",
    ])
    .success();
    home.run(["run", "--name", "late", "-p", &publish, BUSYBOX, "true"])
        .failure(125, &[&port.to_string(), "holder"]);
    home.run(["kill", "holder"]).success();
    home.run(["logs", "-f", "holder"]).success();
    home.run(["run", "--rm", "-p", &publish, BUSYBOX, "true"]).success();
    // A program that is no container.
    let listener = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    home.run(["run", "--rm", "-p", &format!("127.0.0.1:{port}:80"), BUSYBOX, "true"])
        .failure(125, &[&port.to_string()]);
}

#[test]
fn ranges_and_everything_that_the_image_exposes() {
    let home = Home::new();
    let image = home.file("exposing.tar");
    Image::busybox("localhost/exposing:1")
        .config(json!({"Env": ["PATH=/bin"], "ExposedPorts": {"80/tcp": {}, "53/udp": {}}}))
        .write(&image);
    home.run(["image", "load", "--input", image.to_str().unwrap()])
        .success();
    let script =
        "mkdir /tmp/a /tmp/b /tmp/c; echo first > /tmp/a/name; echo second > /tmp/b/name; echo exposed > /tmp/c/name
        httpd -p 9000 -h /tmp/a; httpd -p 9001 -h /tmp/b; httpd -p 80 -h /tmp/c; echo up; exec sleep 1000";
    let first = free_ports(2);
    let range = format!("127.0.0.1:{first}-{}:9000-9001", first + 1);
    home.run([
        "run",
        "-d",
        "-P",
        "-p",
        &range,
        "--name",
        "many",
        "localhost/exposing:1",
        "sh",
        "-c",
        script,
    ])
    .success();
    container_e2e::eventually("the servers are up", container_e2e::COMMAND_LIMIT, || {
        home.run(["logs", "many"]).text() == "up"
    });
    assert_eq!(fetch(LOCALHOST, first, "/name").unwrap(), "first");
    assert_eq!(fetch(LOCALHOST, first + 1, "/name").unwrap(), "second");
    assert_eq!(
        fetch(LOCALHOST, home.host_port("many", 80), "/name").unwrap(),
        "exposed"
    );
    let shown = home.run(["port", "many", "53/udp"]).success().text();
    assert_eq!(shown, format!("0.0.0.0:{0}\n[::]:{0}", home.host_port("many", 53)));
    home.run(["kill", "many"]).success();
}

#[test]
fn the_address_of_the_client_is_seen_when_asked_for() {
    let home = Home::new();
    home.start_server("plain", &["--publish", "80"]);
    home.start_server("seeing", &["--publish", "80", "--publish-client-address"]);
    let seen = |name: &str, address| fetch(address, home.host_port(name, 80), "/cgi-bin/client").unwrap();
    let gateway = home.interface("plain").ipv4_gateway.to_string();
    assert!(seen("plain", LOCALHOST).contains(&gateway));
    // A loopback address would mean the container itself there.
    assert!(seen("seeing", LOCALHOST).contains(&home.interface("seeing").ipv4_gateway.to_string()));
    if let Some(own) = own_address() {
        assert!(seen("seeing", own).contains(&own.to_string()));
        assert!(seen("plain", own).contains(&gateway));
    }
}

/// An address of this host that is not a loopback one, if it has any.
fn own_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Connecting sends nothing, but chooses the address from which it would be sent.
    socket.connect(("192.0.2.200", 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

#[test]
fn datagrams_find_their_way_and_back() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let home = Home::new();
    home.load_debian(&debian::root_tar(&home));
    home.start_name_server("server", &["--publish", "53/udp"]);
    let port = home.host_port("server", 53);
    // One question of a name of one label, RFC 1035, section 4.1.
    let question = |id: u8| [&[0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5], &b"known\0\0\x01\0\x01"[..]].concat();
    let expected: Vec<u8> = KNOWN_ADDRESS.split('.').map(|byte| byte.parse().unwrap()).collect();
    // Each answer comes from the address that was asked, or it is not taken. Not every system has the other one.
    let has_elsewhere = std::net::UdpSocket::bind((ELSEWHERE, 0)).is_ok();
    let addresses = [(1, LOCALHOST), (2, LOCALHOST_V6)].into_iter();
    for (id, address) in addresses.chain(has_elsewhere.then_some((3, ELSEWHERE))) {
        let answer = ask(address, port, &question(id)).unwrap_or_else(|error| panic!("{address}: {error}"));
        assert_eq!(answer[1], id, "{address}");
        assert!(answer.ends_with(&expected), "{address}: {answer:?}");
    }
    // From another container too, by either version of IP.
    home.start_sleeper("client");
    let server = home.interface("server");
    for address in [server.ipv4.to_string(), server.ipv6.to_string()] {
        let said = home
            .guest("client", &format!("nslookup -type=a known.example {address}"))
            .success()
            .text();
        assert!(said.contains(KNOWN_ADDRESS), "{address}: {said}");
    }
}
