//! Proves that containers are put on networks and taken from them, running or not, and that networks live as long as a container needs them.

use container_e2e::{BUSYBOX, Home};
use serde_json::json;

/// The networks that a container is asked to be on.
fn recorded(home: &Home, name: &str) -> Vec<String> {
    let shown = home.run(["inspect", name]).success().json();
    let networks = shown[0]["configuration"]["networks"].as_array().unwrap();
    let names = networks.iter().map(|network| network["network"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

fn observed(home: &Home, name: &str) -> Vec<String> {
    let interfaces = home.interfaces(name).into_iter();
    interfaces.map(|interface| interface.network).collect()
}

#[test]
fn a_running_container_is_connected_and_disconnected() {
    let home = Home::new();
    for network in ["left", "right"] {
        home.run(["network", "create", network]).success();
    }
    home.start_server("mobile", &["--network", "left"]);
    home.start_server("fixed", &["--network", "right"]);
    home.guest("fixed", "nslookup mobile").with_code(1);
    home.run(["network", "connect", "--alias", "guest", "right", "mobile"])
        .success();
    assert_eq!(observed(&home, "mobile"), ["left", "right"]);
    assert_eq!(recorded(&home, "mobile"), ["left", "right"]);
    let interfaces = home.interfaces("mobile");
    let seen = home.guest("mobile", "ip address show eth1").success().text();
    for expected in [
        interfaces[1].ipv4.to_string(),
        interfaces[1].ipv6.to_string(),
        interfaces[1].mac.clone(),
    ] {
        assert!(seen.contains(&expected), "no {expected} in {seen}");
    }
    for (from, to, name) in [
        ("mobile", "fixed", "fixed"),
        ("fixed", "mobile", "mobile"),
        ("fixed", "guest", "mobile"),
    ] {
        assert_eq!(
            home.fetched_in(from, &format!("http://{to}/name")),
            name,
            "{from} to {to}"
        );
    }
    home.run(["network", "connect", "right", "mobile"])
        .failure(1, &["mobile", "right"]);
    // What was changed while it ran is there at its next start.
    home.run(["stop", "mobile"]).success();
    home.run(["start", "mobile"]).success();
    assert_eq!(home.interfaces("mobile"), interfaces);
    // Its first network had the default route, which the second one now gets.
    home.run(["network", "disconnect", "left", "mobile"]).success();
    assert_eq!(observed(&home, "mobile"), ["right"]);
    assert_eq!(recorded(&home, "mobile"), ["right"]);
    let routes = home.guest("mobile", "ip route; cat /etc/resolv.conf").success().text();
    let gateway = interfaces[1].ipv4_gateway;
    for expected in [
        format!("default via {gateway} dev eth1"),
        format!("nameserver {gateway}"),
    ] {
        assert!(routes.contains(&expected), "no {expected} in {routes}");
    }
    assert_eq!(home.fetched_in("mobile", "http://fixed/name"), "fixed");
    home.run(["network", "disconnect", "right", "mobile"]).success();
    home.guest("fixed", "nslookup mobile").with_code(1);
    assert!(!home.guest("mobile", "ip route").text().contains("default"));
    home.run(["network", "disconnect", "right", "mobile"])
        .failure(1, &["mobile", "right"]);
    home.run(["network", "disconnect", "--force", "right", "mobile"])
        .success();
    // From no network to one.
    home.run(["network", "connect", "right", "mobile"]).success();
    assert_eq!(home.fetched_in("mobile", "http://fixed/name"), "fixed");
}

#[test]
fn a_container_that_does_not_run_is_connected_from_its_next_start_on() {
    let home = Home::new();
    home.run(["network", "create", "--subnet", "10.231.7.0/24", "right"])
        .success();
    home.run([
        "create",
        "--name",
        "later",
        "--network",
        "none",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    home.run(["network", "connect", "--ip", "10.231.7.7", "right", "later"])
        .success();
    assert_eq!(recorded(&home, "later"), ["right"]);
    assert_eq!(home.status("later")["networks"], json!([]));
    home.run(["start", "later"]).success();
    assert_eq!(home.interface("later").ipv4.to_string(), "10.231.7.7");
    home.run(["kill", "later"]).success();
    home.run(["logs", "-f", "later"]).success();
    // Who asks for the address of a container at rest gets it.
    home.run([
        "run",
        "-d",
        "--name",
        "holder",
        "--network",
        "right",
        "--ip",
        "10.231.7.7",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    home.run(["start", "later"]).failure(125, &["10.231.7.7", "holder"]);
    home.run(["kill", "holder"]).success();
    home.run(["network", "disconnect", "right", "later"]).success();
    assert_eq!(recorded(&home, "later"), Vec::<String>::new());
    home.run(["network", "connect", "no-such", "later"])
        .failure(1, &["no-such"]);
}

#[test]
fn a_network_lives_until_no_container_uses_it() {
    let home = Home::new();
    for network in ["used", "unused", "other"] {
        assert_eq!(home.run(["network", "create", network]).success().text(), network);
    }
    home.run(["network", "create", "used"]).failure(1, &["used"]);
    home.run([
        "run",
        "-d",
        "--name",
        "user",
        "--network",
        "used",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    let shown = home.run(["network", "inspect", "used"]).success().json();
    let interface = home.interface("user");
    let member = &shown[0]["status"]["containers"][0];
    assert_eq!(member["id"], "user");
    assert_eq!(member["macAddress"], json!(interface.mac));
    assert_eq!(
        shown[0]["status"]["ipv4Gateway"],
        json!(interface.ipv4_gateway.to_string())
    );
    home.run(["network", "delete", "used"]).failure(1, &["used", "user"]);
    assert_eq!(home.run(["network", "delete", "other"]).success().text(), "other");
    assert_eq!(home.run(["network", "prune"]).success().text(), "unused");
    // A stopped container still needs it.
    home.run(["kill", "user"]).success();
    home.run(["logs", "-f", "user"]).success();
    home.run(["network", "delete", "used"]).failure(1, &["used", "user"]);
    assert_eq!(
        home.run(["network", "list", "--quiet"]).success().text(),
        "default\nused"
    );
    home.run(["delete", "user"]).success();
    home.run(["network", "delete", "used"]).success();
    home.run(["network", "inspect", "used"]).failure(1, &["used"]);
    assert!(!home.app_root().join("networks/used").exists());
}
