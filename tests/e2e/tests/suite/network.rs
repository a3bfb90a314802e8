//! Proves that containers on one network have addresses of their own, and reach each other by them and by their names, and that networks
//! are apart from one another.

use std::net::Ipv4Addr;

use container_e2e::{BUSYBOX, Home};

/// Containers that all talk to each other. Twenty work too, but take a minute to boot under emulation.
const CROWD: usize = 4;

#[test]
fn an_address_is_shown_and_stays_with_its_container() {
    let home = Home::new();
    home.start_sleeper("first");
    home.start_sleeper("second");
    let (first, second) = (home.interface("first"), home.interface("second"));
    assert_eq!(first.network, "default");
    assert_eq!(first.mtu, 65520);
    assert_ne!((first.ipv4, first.ipv6), (second.ipv4, second.ipv6));
    assert_ne!(first.mac, second.mac);
    let table = home.run(["list"]).success().text();
    for interface in [&first, &second] {
        assert!(table.contains(&interface.ipv4.to_string()), "{table}");
    }
    let seen = home.guest("first", "ip address show eth0; ip route").success().text();
    for expected in [
        format!("mtu {}", first.mtu),
        first.mac.clone(),
        format!("inet {}/24", first.ipv4),
        format!("inet6 {}/64", first.ipv6),
        format!("default via {} dev eth0", first.ipv4_gateway),
    ] {
        assert!(seen.contains(&expected), "no {expected} in {seen}");
    }
    // The second one is started first, so that an order alone would exchange the two.
    home.run(["stop", "--all"]).success();
    assert_eq!(home.status("first")["networks"], serde_json::json!([]));
    home.run(["start", "second"]).success();
    home.run(["start", "first"]).success();
    assert_eq!((home.interface("first"), home.interface("second")), (first, second));
}

#[test]
fn an_address_can_be_asked_for() {
    let home = Home::new();
    home.run([
        "network",
        "create",
        "--subnet",
        "10.231.7.0/24",
        "--subnet-v6",
        "fd00:7::/64",
        "lab",
    ])
    .success();
    home.start_server(
        "asked",
        &[
            "--network",
            "lab,mtu=1400",
            "--ip",
            "10.231.7.99",
            "--ip6",
            "fd00:7::99",
            "--mac-address",
            "02:42:00:00:00:99",
        ],
    );
    let interface = home.interface("asked");
    assert_eq!(interface.ipv4, Ipv4Addr::new(10, 231, 7, 99));
    assert_eq!(interface.ipv6, "fd00:7::99".parse::<std::net::Ipv6Addr>().unwrap());
    assert_eq!((interface.mac.as_str(), interface.mtu), ("02:42:00:00:00:99", 1400));
    let seen = home.guest("asked", "ip address show eth0").success().text();
    for expected in ["mtu 1400", "02:42:00:00:00:99", "10.231.7.99/24", "fd00:7::99/64"] {
        assert!(seen.contains(expected), "no {expected} in {seen}");
    }
    let wish = |address: &'static str| ["run", "--rm", "--network", "lab", "--ip", address, BUSYBOX, "true"];
    home.run(wish("10.231.7.99")).failure(125, &["10.231.7.99", "asked"]);
    home.run(wish("10.231.8.1"))
        .failure(64, &["10.231.8.1", "10.231.7.0/24"]);
    // The gateway's, and the one that leads to the host.
    for reserved in ["10.231.7.1", "10.231.7.254"] {
        home.run(wish(reserved)).failure(64, &[reserved]);
    }
    assert_eq!(home.run(["list", "--all", "--quiet"]).text(), "asked");
    home.run(["delete", "--force", "asked"]).success();
    home.run(wish("10.231.7.99")).success();
}

#[test]
fn containers_reach_each_other_by_name_and_address() {
    let home = Home::new();
    home.start_server("server", &["--network-alias", "web"]);
    home.start_sleeper("client");
    let server = home.interface("server");
    let (ipv4, ipv6) = (server.ipv4.to_string(), format!("[{}]", server.ipv6));
    for host in ["server", "web", "server.default", "web.default", &ipv4, &ipv6] {
        assert_eq!(
            home.fetched_in("client", &format!("http://{host}/name")),
            "server",
            "{host}"
        );
    }
    for host in ["server", "web", &ipv4] {
        home.guest("client", &format!("ping -4 -c 1 -W 60 {host}")).success();
    }
    for host in ["server", "web", &server.ipv6.to_string()] {
        home.guest("client", &format!("ping6 -c 1 -W 60 {host}")).success();
    }
    // Nobody listens there: the peer itself refuses, at once.
    for host in [ipv4, server.ipv6.to_string()] {
        let refused = home.guest("client", &format!("nc -w 60 {host} 81")).with_code(1);
        assert!(refused.stderr.contains("refused"), "{refused:?}");
    }
    home.guest("client", "nslookup no-such-container").with_code(1);
    home.run(["stop", "server"]).success();
    home.guest("client", "nslookup server").with_code(1);
}

#[test]
fn networks_are_apart_and_a_container_on_two_reaches_both() {
    let home = Home::new();
    for network in ["left", "right"] {
        home.run(["network", "create", network]).success();
    }
    home.start_server("port", &["--network", "left"]);
    home.start_server("starboard", &["--network", "right"]);
    home.start_server("both", &["--network", "left", "--network", "right,alias=bridge"]);
    for name in ["port", "starboard", "port.left", "starboard.right"] {
        let expected = name.split('.').next().unwrap();
        assert_eq!(
            home.fetched_in("both", &format!("http://{name}/name")),
            expected,
            "{name}"
        );
    }
    assert_eq!(home.fetched_in("port", "http://both/name"), "both");
    assert_eq!(home.fetched_in("starboard", "http://both/name"), "both");
    assert_eq!(home.fetched_in("starboard", "http://bridge/name"), "both");
    let interfaces = home.interfaces("both");
    let names: Vec<_> = interfaces.iter().map(|interface| interface.network.as_str()).collect();
    assert_eq!(names, ["left", "right"]);
    // Not from one network to the other, neither to its containers nor to the other address of one on both.
    for name in ["starboard", "starboard.right", "bridge"] {
        home.guest("port", &format!("nslookup {name}")).with_code(1);
    }
    let other = home.interface("starboard");
    for host in [
        other.ipv4.to_string(),
        format!("[{}]", other.ipv6),
        interfaces[1].ipv4.to_string(),
    ] {
        let outcome = home.guest("port", &format!("timeout 5 wget -q -O - http://{host}/name"));
        assert!(outcome.code != 0 && outcome.stdout.is_empty(), "{host}: {outcome:?}");
    }
    home.guest("port", &format!("ping -c 1 -W 1 {}", other.ipv4))
        .with_code(1);
}

#[test]
fn each_of_several_containers_talks_to_each() {
    let home = Home::new();
    home.run(["network", "create", "crowd"]).success();
    let names: Vec<String> = (1..=CROWD).map(|number| format!("member-{number}")).collect();
    for name in &names {
        home.start_server(name, &["--network", "crowd"]);
    }
    let all = names.join(" ");
    let script = format!(
        "for name in {all}; do timeout 60 wget -q -O - http://$name/name || exit; ping -c 1 -W 60 $name >/dev/null || exit; done"
    );
    for name in &names {
        let heard = home.guest(name, &script).success().text();
        assert_eq!(heard.lines().collect::<Vec<_>>(), names, "{name}");
    }
    assert_eq!(
        home.run(["network", "inspect", "crowd"]).success().json()[0]["status"]["containers"]
            .as_array()
            .map(Vec::len),
        Some(CROWD)
    );
}

#[test]
fn without_a_network_there_is_loopback_only() {
    let home = Home::new();
    home.start_server("alone", &["--network", "none"]);
    assert_eq!(home.status("alone")["networks"], serde_json::json!([]));
    assert_eq!(home.fetched_in("alone", "http://127.0.0.1/name"), "alone");
    let seen = home
        .guest("alone", "ip address; ip route; ip -6 route")
        .success()
        .text();
    assert_eq!(seen.matches("inet ").count(), 1, "{seen}");
    assert!(!seen.contains("default"), "{seen}");
    let outcome = home.guest("alone", "ping -c 1 -W 1 192.168.64.1");
    assert!(
        outcome.code != 0 && outcome.stderr.contains("unreachable"),
        "{outcome:?}"
    );
}
