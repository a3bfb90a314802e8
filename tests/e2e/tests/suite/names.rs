//! Proves what a container knows of names: its files below /etc, what the network answers, and whom it asks for everything else.

use container_e2e::{BUSYBOX, Home, KNOWN_ADDRESS, name_server};
use container_require::{may_mount_in_a_namespace, require};

use crate::debian;

/// What a shell script in a new container prints.
#[track_caller]
fn printed(home: &Home, flags: &[&str], script: &str) -> String {
    let words = [&["run", "--rm"], flags, &[BUSYBOX, "sh", "-c", script]].concat();
    home.run(words).success().text()
}

#[test]
fn the_files_say_what_the_flags_say() {
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
    let plain = printed(
        &home,
        &["--network", "lab", "--name", "plain"],
        "cat /etc/hostname /etc/hosts /etc/resolv.conf",
    );
    let lines: Vec<_> = plain.lines().collect();
    assert_eq!(lines[0], "plain");
    for expected in [
        "127.0.0.1\tlocalhost",
        "10.231.7.2\tplain",
        "fd00:7::2\tplain",
        "10.231.7.254\thost.container.internal host.docker.internal host.containers.internal",
        "fd00:7::fe\thost.container.internal host.docker.internal host.containers.internal",
        "nameserver 10.231.7.1",
    ] {
        assert!(lines.contains(&expected), "no {expected:?} in {plain}");
    }
    let flags = [
        "--network=lab",
        "--hostname=boxed",
        "--add-host=db:10.0.0.5",
        "--add-host=home:host-gateway",
        "--dns=10.1.1.1",
        "--dns=fd00::53",
        "--dns-search=corp.example",
        "--dns-option=ndots:2",
    ];
    let asked = printed(&home, &flags, "hostname; cat /etc/hostname /etc/hosts /etc/resolv.conf");
    let lines: Vec<_> = asked.lines().collect();
    assert_eq!(lines[..2], ["boxed", "boxed"]);
    for expected in [
        "10.231.7.2\tboxed",
        "10.0.0.5\tdb",
        "10.231.7.254\thome",
        "nameserver 10.1.1.1",
        "nameserver fd00::53",
        "search corp.example",
        "options ndots:2",
    ] {
        assert!(lines.contains(&expected), "no {expected:?} in {asked}");
    }
    assert!(!asked.contains("nameserver 10.231.7.1"), "{asked}");
    let domain = printed(
        &home,
        &["--hostname=boxed", "--dns-domain=lab.example"],
        "cat /etc/hosts /etc/resolv.conf",
    );
    assert!(domain.contains("\tboxed.lab.example boxed\n"), "{domain}");
    assert!(domain.contains("\ndomain lab.example"), "{domain}");
    // The image has none.
    assert_eq!(
        printed(&home, &["--no-dns"], "cat /etc/resolv.conf || echo none"),
        "none"
    );
    let alone = printed(
        &home,
        &["--network=none", "--hostname=boxed"],
        "hostname; cat /etc/hosts",
    );
    assert!(alone.starts_with("boxed\n") && alone.ends_with("\tboxed"), "{alone}");
}

#[test]
fn the_network_answers_for_what_is_on_it() {
    let home = Home::new();
    home.start_server("server", &["--hostname", "inside", "--network-alias", "web"]);
    home.start_sleeper("client");
    let server = home.interface("server");
    // Each name by itself, and both of its addresses.
    for name in ["server", "inside", "web", "server.default", "SERVER", "server."] {
        let said = home.guest("client", &format!("nslookup {name}")).success().text();
        for address in [server.ipv4.to_string(), server.ipv6.to_string()] {
            assert!(said.contains(&format!("Address: {address}")), "{name}: {said}");
        }
    }
    for address in [server.ipv4.to_string(), server.ipv6.to_string()] {
        let said = home.guest("client", &format!("nslookup {address}")).success().text();
        assert!(said.contains("name = server"), "{said}");
    }
    // A name that has no mail exchange is still a name: no NXDOMAIN.
    let said = home.guest("client", "nslookup -type=mx server").text();
    assert!(!said.contains("NXDOMAIN"), "{said}");
    for missing in ["ghost.default", "10.255.0.1.in-addr.arpa"] {
        let outcome = home.guest("client", &format!("nslookup {missing}")).with_code(1);
        assert!(outcome.text().contains("NXDOMAIN"), "{outcome:?}");
    }
    // A container may give another one's name to nobody: two containers of one alias are both found.
    home.start_server("second", &["--network-alias", "web"]);
    let said = home.guest("client", "nslookup -type=a web").success().text();
    assert!(said.contains(&home.interface("second").ipv4.to_string()), "{said}");
    assert!(said.contains(&server.ipv4.to_string()), "{said}");
}

#[test]
fn a_server_that_is_named_is_asked_instead() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let home = Home::new();
    home.load_debian(&debian::root_tar(&home));
    home.start_name_server("resolver", &[]);
    let server = home.interface("resolver");
    let known = format!("Address: {KNOWN_ADDRESS}");
    for address in [server.ipv4.to_string(), server.ipv6.to_string()] {
        let said = printed(&home, &["--dns", &address], "nslookup -type=a known.example");
        assert!(said.contains(&known), "{said}");
    }
    let said = printed(
        &home,
        &["--dns", &server.ipv4.to_string()],
        "nslookup missing.example || true",
    );
    assert!(said.contains("NXDOMAIN"), "{said}");
    assert!(home.run(["logs", "resolver"]).text().contains("asked for missing 1"));
}

/// The resolver of this host is another container, at a port that it publishes: in a network namespace of the test's own, where port 53 is free
/// to take, and with a file `/etc/resolv.conf` of the test's own.
#[test]
fn other_names_are_asked_of_the_resolver_of_this_host() {
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    require!(debian::has_perl(), "guests of this host's architecture");
    let home = Home::new();
    home.load_debian(&debian::root_tar(&home));
    home.run(["network", "create", "resolvers"]).success();
    let resolver = name_server(
        "resolver",
        &["--network", "resolvers", "--publish", "127.0.0.1:53:53/udp"],
    );
    let quoted: Vec<_> = resolver.iter().map(|word| format!("'{word}'")).collect();
    let client = "nslookup known.example; echo code $?; nslookup missing.example; echo code $?; nslookup -type=aaaa known.example; echo code $?";
    let file = home.file("resolv.conf");
    std::fs::write(&file, "nameserver 127.0.0.1\n").unwrap();
    let script = format!(
        "mount --bind '{file}' /etc/resolv.conf || exit
        exec unshare -n sh -c '
            ip link set lo up 2>/dev/null || busybox ip link set lo up || exit
            \"$PROGRAM\" \"$@\" || exit
            until \"$PROGRAM\" logs resolver | grep -q ready; do sleep 0.1; done
            \"$PROGRAM\" run --rm {BUSYBOX} sh -c \"{client}\"
            \"$PROGRAM\" logs resolver
            \"$PROGRAM\" delete --force resolver' sh {words}",
        file = file.display(),
        client = client.replace('$', "\\$"),
        words = quoted.join(" "),
    );
    let outcome = home.with_own_mounts(&script).success();
    let said = outcome.text();
    let answers: Vec<_> = said.split("code ").collect();
    assert!(answers[0].contains(&format!("Address: {KNOWN_ADDRESS}")), "{outcome:?}");
    assert!(answers[1].starts_with('0') && answers[1].contains("NXDOMAIN"), "{said}");
    // The name exists, but not with such an address.
    assert!(
        answers[2].starts_with('1') && !answers[2].contains("NXDOMAIN"),
        "{said}"
    );
    assert!(answers[3].starts_with('0'), "{said}");
    for question in ["known 1", "missing 1", "known 28"] {
        assert!(said.contains(&format!("asked for {question}")), "{said}");
    }
}
