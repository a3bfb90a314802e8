//! Proves that a network survives the sudden end of its process, that what a killed launcher had is free again, and that the process lives
//! no longer than the containers that need it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, LOCALHOST, Process, connect, eventually, fetch, free_port};

/// Longest time for which bytes are sent: the network is killed meanwhile.
const FLOOD_LIMIT: Duration = COMMAND_LIMIT.saturating_mul(2);

fn network_process(home: &Home) -> Option<Process> {
    home.processes().into_iter().find(Process::is_network)
}

/// Kills the network's process, and one that another launcher may have started, which waits for a moment to take its place.
fn kill_network(home: &Home) -> Vec<Process> {
    let victims: Vec<_> = home.processes().into_iter().filter(Process::is_network).collect();
    assert!(!victims.is_empty(), "the network has a process");
    victims.iter().for_each(Process::kill);
    victims
}

/// Sends bytes and reads what comes back until the connection ends; gives how it ended.
fn flood(mut stream: TcpStream) -> JoinHandle<io::Error> {
    let end = Instant::now() + FLOOD_LIMIT;
    let mut answers = stream.try_clone().unwrap();
    thread::spawn(move || io::copy(&mut answers, &mut io::sink()));
    thread::spawn(move || {
        while Instant::now() < end {
            if let Err(error) = stream.write_all(&[b'x'; 65_536]) {
                return error;
            }
        }
        ErrorKind::TimedOut.into()
    })
}

#[test]
fn the_process_of_a_network_lives_as_long_as_its_containers() {
    let home = Home::new();
    home.run(["run", "--rm", "--network", "none", BUSYBOX, "true"])
        .success();
    assert_eq!(network_process(&home), None, "nobody has needed a network");
    home.start_sleeper("first");
    let process = network_process(&home).expect("the network has a process");
    home.start_sleeper("second");
    assert_eq!(network_process(&home), Some(process.clone()), "one process for both");
    assert_eq!(home.processes().into_iter().filter(Process::is_network).count(), 1);
    home.run(["kill", "first"]).success();
    home.run(["logs", "-f", "first"]).success();
    assert_eq!(network_process(&home), Some(process), "the second one needs it");
    home.run(["kill", "second"]).success();
    eventually("the process has gone", COMMAND_LIMIT, || {
        network_process(&home).is_none()
    });
}

#[test]
fn containers_outlive_the_process_of_their_network() {
    let home = Home::new();
    home.start_server("server", &["--publish", "80", "--publish", "7"]);
    home.start_sleeper("client");
    let interfaces = [home.interface("server"), home.interface("client")];
    let [http, echo] = [80, 7].map(|port| home.host_port("server", port));
    for _ in 0..2 {
        // Traffic that is cut: from this host, and from container to container.
        let mut open = connect(LOCALHOST, echo).unwrap();
        open.write_all(b"x").unwrap();
        open.read_exact(&mut [0]).unwrap();
        let busy = flood(open);
        home.guest(
            "client",
            "(dd if=/dev/zero bs=64k count=1000 | nc server 7 >/dev/null) >/dev/null 2>&1 &",
        )
        .success();
        thread::sleep(Duration::from_millis(300));
        let victims = kill_network(&home);
        // A connection through the process ends with it.
        let end = busy.join().unwrap();
        assert!(
            matches!(end.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{end}"
        );
        eventually("the published port is back", COMMAND_LIMIT, || {
            fetch(LOCALHOST, http, "/name").is_ok_and(|name| name == "server")
        });
        eventually("the containers reach each other", COMMAND_LIMIT, || {
            home.fetched_in("client", "http://server/name") == "server"
        });
        eventually("names of the host are known", COMMAND_LIMIT, || {
            home.guest("client", "nslookup host.container.internal").code == 0
        });
        let new = network_process(&home).expect("a new process");
        assert!(!victims.contains(&new));
    }
    assert_eq!([home.interface("server"), home.interface("client")], interfaces);
    assert_eq!([80, 7].map(|port| home.host_port("server", port)), [http, echo]);
    home.guest("client", "killall nc; true").success();
}

#[test]
fn a_connection_between_containers_survives_the_process_of_their_network() {
    let home = Home::new();
    home.start_server("server", &[]);
    home.start_sleeper("client");
    // A byte before and one after: the switch knows nothing of the connection, only the two ends do.
    let script = "(echo before; until [ -e /tmp/go ]; do sleep 0.1; done; echo after) | nc server 7 > /tmp/heard; echo ended >> /tmp/heard";
    home.guest("client", &format!("({script}) >/dev/null 2>&1 &")).success();
    eventually("the connection is open", COMMAND_LIMIT, || {
        home.guest("client", "cat /tmp/heard").text() == "before"
    });
    kill_network(&home);
    home.guest("client", "touch /tmp/go").success();
    eventually("the rest has arrived", COMMAND_LIMIT, || {
        home.guest("client", "cat /tmp/heard").text() == "before\nafter\nended"
    });
}

#[test]
fn what_a_killed_launcher_had_is_free() {
    let home = Home::new();
    let port = free_port();
    let flags = [
        "--publish",
        &format!("{port}:80"),
        "--ip",
        "192.168.200.77",
        "--network",
        "lab",
    ];
    home.run(["network", "create", "--subnet", "192.168.200.0/24", "lab"])
        .success();
    home.start_server("first", &flags);
    // Keeps the network's process running.
    home.run([
        "run",
        "-d",
        "--name",
        "witness",
        "--network",
        "lab",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    let launchers = home.processes().into_iter().filter(Process::is_launcher);
    let first = launchers.filter(|process| process.words.iter().any(|word| word == "first"));
    first.for_each(|process| process.kill());
    eventually("the port is closed", COMMAND_LIMIT, || {
        connect(LOCALHOST, port).is_err()
    });
    home.guest("witness", "nslookup first").with_code(1);
    home.start_server("second", &flags);
    assert_eq!(home.interface("second").ipv4.to_string(), "192.168.200.77");
    assert_eq!(fetch(LOCALHOST, port, "/name").unwrap(), "second");
    home.run(["start", "first"]).failure(125, &["second"]);
    home.run(["kill", "witness"]).success();
}

#[test]
fn a_killed_machine_resets_its_connections() {
    let home = Home::new();
    home.start_server("server", &["--publish", "7"]);
    let mut stream = connect(LOCALHOST, home.host_port("server", 7)).unwrap();
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    for machine in home.processes().into_iter().filter(Process::is_hypervisor) {
        machine.kill();
    }
    // An end of some kind, and not silence until the time limit of the stream.
    stream.set_read_timeout(Some(COMMAND_LIMIT)).unwrap();
    match stream.read(&mut [0]) {
        Ok(length) => assert_eq!(length, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    eventually("the process has gone", COMMAND_LIMIT, || {
        network_process(&home).is_none()
    });
}
