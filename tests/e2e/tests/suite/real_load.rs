//! Proves that published ports and networks bear the load of real programs: `wrk` against Debian's nginx, and iperf3 on every way.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use container_e2e::{COMMAND_LIMIT, Home, Outcome, Process, Started, eventually, free_port, has_debian_peers};
use container_require::require;
use serde_json::Value;

/// What a missing archive is called.
const ARCHIVE: &str = "a Debian root file system with servers, which `cargo xtask test` makes as root";

/// Connections at once.
const CONNECTIONS: usize = 200;

/// How long the load lasts, in seconds, unless `E2E_LOAD_SECONDS` says otherwise.
const LOAD_SECONDS: u64 = 8;

/// nginx serves all connections that it has accepted before it accepts one more, unless it is told to accept all: on an emulated processor
/// the last one of 200 then waits for tens of seconds, complete in the machine's queue.
const NGINX: &str = r#"
sed -i 's/worker_connections 768;/worker_connections 768; multi_accept on;/' /etc/nginx/nginx.conf
head -c 100000 /dev/zero > /var/www/html/large
exec nginx -g 'daemon off;'
"#;

/// Longest wait of `wrk` for an answer: 200 clients share one emulated processor.
const ANSWER_SECONDS: u64 = 30;

/// Longest time that one run of iperf3 may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection that has ended may be known to the network.
const GONE_LIMIT: Duration = Duration::from_secs(30);

fn seconds() -> u64 {
    let seconds = std::env::var("E2E_LOAD_SECONDS").ok();
    seconds.and_then(|text| text.parse().ok()).unwrap_or(LOAD_SECONDS)
}

/// Runs a program of this host to its end.
#[track_caller]
fn here(program: &str, words: &[&str], limit: Duration) -> Outcome {
    let mut command = Command::new(program);
    command.args(words);
    Started::spawn(command, Some(Vec::new())).wait_within(limit)
}

fn flows(home: &Home) -> usize {
    let shown = home.run(["network", "inspect", "default"]).success().json();
    shown[0]["status"]["flows"].as_array().map_or(0, Vec::len)
}

/// The number of sockets that the process of the network has.
fn sockets(home: &Home) -> usize {
    let process = home.processes().into_iter().find(Process::is_network);
    let process = process.expect("the network has a process");
    let open = std::fs::read_dir(format!("/proc/{}/fd", process.id)).unwrap().flatten();
    let is_socket = |target: PathBuf| target.to_string_lossy().starts_with("socket:");
    open.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(is_socket))
        .count()
}

#[test]
fn two_hundred_clients_of_nginx_see_no_error_and_leave_nothing() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    home.start_peer(
        "web",
        &["--publish", "127.0.0.1::80"],
        NGINX,
        "curl -fsS -o /dev/null http://127.0.0.1/ 2>/dev/null",
    );
    let port = home.host_port("web", 80);
    eventually("no flow is left", GONE_LIMIT, || flows(&home) == 0);
    let before = sockets(&home);
    for path in ["", "large"] {
        let url = format!("http://127.0.0.1:{port}/{path}");
        let (clients, duration) = (format!("-c{CONNECTIONS}"), format!("-d{}s", seconds()));
        let patience = format!("{ANSWER_SECONDS}s");
        let limit = COMMAND_LIMIT + Duration::from_secs(seconds());
        let shown = here(
            "wrk",
            &["-t2", &clients, &duration, "--timeout", &patience, &url],
            limit,
        )
        .success()
        .text();
        // Printed only when there was one.
        for error in ["Socket errors", "Non-2xx"] {
            assert!(!shown.contains(error), "{url}: {shown}");
        }
        let requests = shown.lines().find_map(|line| line.trim().split_once(" requests in "));
        let requests: usize = requests.expect("a number of requests").0.parse().unwrap();
        assert!(requests >= CONNECTIONS, "{url}: {shown}");
    }
    eventually("no flow is left", GONE_LIMIT, || flows(&home) == 0);
    eventually("no socket is left", GONE_LIMIT, || sockets(&home) == before);
    let established = home.guest("web", "awk '$4 == \"01\"' /proc/net/tcp /proc/net/tcp6 | wc -l");
    assert_eq!(established.success().text(), "0");
    // The machine's own network served all along.
    let title = home.peer("curl -fsS http://web/ | grep -c '<title>Welcome to nginx!</title>'");
    assert_eq!(title.success().text(), "1");
}

/// The bits in a second that have arrived, as iperf3 has measured.
#[track_caller]
fn arrived(outcome: Outcome) -> f64 {
    let report = outcome.success().json();
    assert_eq!(report["error"], Value::Null, "{report}");
    let sums = [&report["end"]["sum_received"], &report["end"]["sum"]];
    let rate = sums.iter().find_map(|sum| sum["bits_per_second"].as_f64());
    let rate = rate.unwrap_or_else(|| panic!("no rate: {report}"));
    assert!(rate > 0.0, "{report}");
    rate
}

/// A server of this host for one client.
fn iperf3_here() -> (Started, String) {
    let port = free_port().to_string();
    let mut server = Command::new("iperf3");
    server.args(["--server", "--one-off", "--port", &port]);
    let server = Started::spawn(server, Some(Vec::new()));
    eventually("iperf3 listens", PATIENCE, || {
        let wanted = format!(":{:04X} ", port.parse::<u16>().unwrap());
        let listening = std::fs::read_to_string("/proc/net/tcp6").unwrap();
        listening.contains(&wanted)
    });
    (server, port)
}

#[test]
fn iperf3_runs_between_host_and_guests_both_ways() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    // Both ways, several connections at once, and datagrams. Each has a server of its own: one that has just had a client turns the next
    // one away for a moment.
    let ways = ["", "-R", "-P 4", "-u -b 10M -l 1200"];
    let published: Vec<u16> = ways.iter().map(|_| free_port()).collect();
    let mut flags = Vec::new();
    for (host, container) in published.iter().zip(5201..) {
        for transport in ["tcp", "udp"] {
            flags.push("--publish".to_owned());
            flags.push(format!("127.0.0.1:{host}:{container}/{transport}"));
        }
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    home.start_peer(
        "server",
        &flags,
        "for port in $(seq 5201 5208); do iperf3 --server --port $port & done; wait",
        "[ $(awk '$4 == \"0A\"' /proc/net/tcp6 | wc -l) = 8 ]",
    );
    home.start_peer("client", &[], "exec sleep 1000", "true");
    for (way, port) in ways.iter().zip(&published) {
        let words = format!("-c 127.0.0.1 -p {port} -J -t 2 {way}");
        let words: Vec<&str> = words.split_whitespace().collect();
        let rate = arrived(here("iperf3", &words, PATIENCE));
        eprintln!("host to guest {way}: {:.0} Mbit/s", rate / 1e6);
    }
    for (way, port) in ways.iter().zip(5205..) {
        let rate = arrived(home.guest("client", &format!("iperf3 -c server -p {port} -J -t 2 {way}")));
        eprintln!("guest to guest {way}: {:.0} Mbit/s", rate / 1e6);
    }
    for way in ways {
        let (server, port) = iperf3_here();
        let words = format!("iperf3 -c host.container.internal -p {port} -J -t 2 {way}");
        let rate = arrived(home.guest("client", &words));
        eprintln!("guest to host {way}: {:.0} Mbit/s", rate / 1e6);
        server.wait_within(PATIENCE).success();
    }
    eventually("no flow of TCP is left", GONE_LIMIT, || {
        let shown = home.run(["network", "inspect", "default"]).success().json();
        let flows = shown[0]["status"]["flows"].as_array().cloned().unwrap_or_default();
        flows.iter().all(|flow| flow["transport"] != "tcp")
    });
}
