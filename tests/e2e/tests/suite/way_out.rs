//! Proves that containers reach other hosts, and that those of an internal network do not.
//!
//! There is no other host: in a network namespace of the test's own, the loopback interface has an address of the documentation's (RFC 5737,
//! RFC 3849), at which another container is published. For the network it is an address like any outside.

use container_e2e::{BUSYBOX, Home};
use container_require::{may_mount_in_a_namespace, require};

/// Starts a server that is published at the addresses outside, and the client, on networks of their own. `fetch NAME URL` is what a container
/// gets there, and `ended NAME URL` how that ends.
const SCENE: &str = r#"
ip() { busybox ip "$@"; }
ip link set lo up && ip address add 192.0.2.1/32 dev lo && ip address add 2001:db8::1/128 dev lo || exit
for network in theirs ours; do "$PROGRAM" network create $network || exit; done
"$PROGRAM" network create --internal inside || exit
start() {
    "$PROGRAM" run -d --name "$@" "$IMAGE" sh -c 'echo outside > /tmp/name; dd if=/dev/zero of=/tmp/large bs=1M count=20; httpd -p 80 -h /tmp; sleep 1000'
}
start server --network theirs -p 192.0.2.1:8080:80 -p '[2001:db8::1]:8080:80' || exit
start client --network ours || exit
start shut --network inside || exit
until "$PROGRAM" exec server wget -q -O /dev/null http://127.0.0.1/large 2>/dev/null; do sleep 0.1; done
fetch() { "$PROGRAM" exec "$1" timeout 60 wget -q -O - "$2"; }
ended() { "$PROGRAM" exec "$1" timeout 60 nc -w 3 $2 </dev/null >/dev/null 2>&1; echo "code $?"; }
"#;

#[test]
fn other_hosts_are_reached_but_not_from_an_internal_network() {
    require!(may_mount_in_a_namespace(), "user namespaces of one's own");
    let home = Home::new();
    let script = home.file("scene.sh");
    let steps = r#"
fetch client http://192.0.2.1:8080/name
fetch client 'http://[2001:db8::1]:8080/name'
fetch client http://192.0.2.1:8080/large | wc -c
echo "client refused: $(ended client '192.0.2.1 8081')"
echo "shut: $(ended shut '192.0.2.1 8080') $(ended shut '2001:db8::1 8080')"
"$PROGRAM" network connect ours shut
echo "opened: $(fetch shut http://192.0.2.1:8080/name)"
"$PROGRAM" network disconnect ours shut
echo "shut again: $(ended shut '192.0.2.1 8080')"
"$PROGRAM" delete --all --force >/dev/null
"#;
    std::fs::write(&script, format!("IMAGE={BUSYBOX}\n{SCENE}\necho begin\n{steps}")).unwrap();
    let outcome = home
        .with_own_mounts(&format!("exec unshare -n sh '{}'", script.display()))
        .success();
    let said = outcome.text();
    let lines: Vec<_> = said.lines().skip_while(|line| *line != "begin").skip(1).collect();
    assert_eq!(
        lines,
        [
            "outside",
            "outside",
            "20971520",
            "client refused: code 1",
            "shut: code 1 code 1",
            "opened: outside",
            "shut again: code 1",
        ],
        "{outcome:?}"
    );
}
