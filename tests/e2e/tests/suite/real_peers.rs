//! Proves that programs which people use reach each other over our networks: Debian's PostgreSQL, OpenSSH, docker-registry, BIND's dig, nginx,
//! curl and apt, in containers of their own.

use container_e2e::{BUSYBOX, Home, Image, LOCALHOST, Layer, PEERS, fetch, has_debian_peers, noise};
use container_require::require;
use sha2::{Digest, Sha256};

/// What a missing archive is called.
const ARCHIVE: &str = "a Debian root file system with servers, which `cargo xtask test` makes as root";

/// Keeps a container up.
const STAY: &str = "exec sleep 1000";

/// The server of the cluster that its package made, for all networks. The directory for its local socket is made at boot elsewhere.
const POSTGRES: &str = r#"
echo 'host all all all trust' > /etc/postgresql/15/main/pg_hba.conf
exec setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/postgres \
    -D /var/lib/postgresql/15/main -c config_file=/etc/postgresql/15/main/postgresql.conf \
    -c 'listen_addresses=*' -c unix_socket_directories=/tmp -c fsync=off -c jit=off
"#;

/// A registry that is open to all.
const REGISTRY: &str = r#"
printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: /tmp/registry}}\nhttp: {addr: ":5000"}\n' > /tmp/registry.yml
exec docker-registry serve /tmp/registry.yml
"#;

/// A repository for apt of one package, whose program says `installed`, served by nginx.
const REPOSITORY: &str = r#"
cd /var/www/html && mkdir -p /tmp/probe/DEBIAN /tmp/probe/usr/bin &&
printf 'Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@localhost>\nDescription: says that it is there\n' > /tmp/probe/DEBIAN/control &&
printf '#!/bin/sh\necho installed\n' > /tmp/probe/usr/bin/probe && chmod 755 /tmp/probe/usr/bin/probe &&
head -c 5000000 /dev/urandom > /tmp/probe/usr/bin/ballast &&
dpkg-deb --build --root-owner-group -Znone /tmp/probe probe.deb >/dev/null &&
{
    dpkg-deb --field probe.deb
    echo "Filename: ./probe.deb"
    echo "Size: $(stat -c %s probe.deb)"
    echo "SHA256: $(sha256sum probe.deb | cut -d ' ' -f 1)"
} > Packages && exec nginx -g 'daemon off;'
"#;

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[test]
fn psql_reaches_postgresql_by_name() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    home.start_peer(
        "db",
        &[],
        POSTGRES,
        "/usr/lib/postgresql/15/bin/pg_isready -h 127.0.0.1",
    );
    let db = home.interface("db");
    // Over either version of IP, megabytes each way, and back by the server's own comparison.
    let copies = r#"
        psql -h db -U postgres -qtA -v ON_ERROR_STOP=1 \
            -c "create table sent as select n, repeat(md5(n::text), 20) as text from generate_series(1, 5000) n" \
            -c "\copy sent to /tmp/rows csv" -c "create table back (like sent)" -c "\copy back from /tmp/rows csv" \
            -c "select count(*) from sent join back using (n, text)" -c "select sum(length(text)) from back"
    "#;
    assert_eq!(home.peer(copies).success().text(), "5000\n3200000");
    let ask = format!(
        "for host in db.default {} {}; do psql -h $host -U postgres -qtAc 'select family(inet_server_addr())'; done;
         psql -h db -U postgres -c 'select no_such_column' >/dev/null; echo $?",
        db.ipv4, db.ipv6
    );
    let said = home.peer(&ask).success();
    assert_eq!(said.text(), "6\n4\n6\n1", "{said:?}");
    assert!(said.stderr.contains("no_such_column"), "{said:?}");
}

#[test]
fn ssh_runs_commands_in_another_container() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    home.start_peer(
        "server",
        &["--publish", "127.0.0.1::22"],
        "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e",
        "ssh-keyscan -T 5 127.0.0.1 2>/dev/null | grep -q ssh-ed25519",
    );
    home.start_peer("client", &[], STAY, "true");
    let key = home
        .guest(
            "client",
            "mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && cat /root/.ssh/id_ed25519.pub",
        )
        .success()
        .text();
    home.guest(
        "server",
        &format!("mkdir -p -m 700 /root/.ssh && echo '{key}' > /root/.ssh/authorized_keys"),
    )
    .success();
    let ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new";
    let said = home
        .guest("client", &format!("{ssh} server 'hostname; exit 7'"))
        .with_code(7);
    assert_eq!(said.text(), "server", "{said:?}");
    // Bytes each way at once; both sides say what they had.
    let copied = home
        .guest(
            "client",
            &format!(
                "head -c 8000000 /dev/urandom > /tmp/sent; {ssh} server 'tee /tmp/had' < /tmp/sent > /tmp/back;
                 cmp /tmp/sent /tmp/back && sha256sum < /tmp/sent && {ssh} server 'sha256sum < /tmp/had'"
            ),
        )
        .success()
        .text();
    let sums: Vec<_> = copied.lines().collect();
    assert_eq!(sums.len(), 2, "{copied}");
    assert_eq!(sums[0], sums[1]);
    // By the published port, as from another computer.
    let port = home.host_port("server", 22);
    let said = home.guest("client", &format!("{ssh} -p {port} host.container.internal hostname"));
    assert_eq!(said.success().text(), "server");
}

#[test]
fn a_registry_in_a_container_serves_this_host_and_other_containers() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers().with_busybox();
    let published = ["--publish", "127.0.0.1::5000"];
    home.start_peer(
        "registry",
        &published,
        REGISTRY,
        "curl -fsS http://127.0.0.1:5000/v2/ 2>/dev/null",
    );
    let name = format!("127.0.0.1:{}/team/tool:1", home.host_port("registry", 5000));
    let archive = home.file("tool.tar");
    let data = Layer::default().file("data", 0o644, &noise(5, 3_000_000)).into_bytes();
    Image::busybox(&name).layer(data.clone()).write(&archive);
    home.run(["image", "load", "--input", archive.to_str().unwrap()])
        .success();
    home.run(["image", "push", &name]).success();

    let other = Home::empty();
    other.run(["image", "pull", &name]).success();
    let size = other.run(["run", "--rm", &name, "stat", "-c", "%s", "/data"]).success();
    assert_eq!(size.text(), "3000000");

    // The other container reads the manifest, then the layer that it names last, by the name of the container.
    let fetch = r#"
        repository=http://registry:5000/v2/team/tool
        curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' $repository/manifests/1 > /tmp/manifest &&
        curl -fsS $repository/blobs/$(grep -o 'sha256:[0-9a-f]*' /tmp/manifest | tail -n 1) | sha256sum | cut -d ' ' -f 1
        sha256sum < /tmp/manifest | cut -d ' ' -f 1
        curl -s -o /dev/null -w '%{http_code}\n' $repository/manifests/2
    "#;
    let said = home.peer(fetch).success().text();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!(format!("sha256:{}", lines[0]), digest(&data));
    let listed = other.run(["image", "list", "--format", "json"]).success().text();
    assert!(listed.contains(lines[1]), "{said}\n{listed}");
    assert_eq!(lines[2], "404");
}

#[test]
fn dig_gets_the_answers_that_it_expects() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers().with_busybox();
    home.run(["run", "-d", "--name", "db", BUSYBOX, "sleep", "1000"])
        .success();
    home.start_peer("client", &[], STAY, "true");
    let db = home.interface("db");
    let dig = |words: &str| home.guest("client", &format!("dig +time=5 {words}")).success().text();
    let (ipv4, ipv6) = (db.ipv4.to_string(), db.ipv6.to_string());
    for flags in ["", "+tcp", "+noedns", "+bufsize=512"] {
        assert_eq!(dig(&format!("+short {flags} db A")), ipv4, "{flags}");
        assert_eq!(dig(&format!("+short {flags} db.default AAAA")), ipv6, "{flags}");
        for address in [&ipv4, &ipv6] {
            assert_eq!(dig(&format!("+short {flags} -x {address}")), "db.default.", "{flags}");
        }
    }
    let shown = dig("db A");
    for part in ["status: NOERROR", "ANSWER: 1", "EDNS: version: 0", "53(192.168."] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    // A name without records of a kind is not a name that does not exist.
    let shown = dig("db MX");
    assert!(
        shown.contains("status: NOERROR") && shown.contains("ANSWER: 0"),
        "{shown}"
    );
    for flags in ["", "+tcp"] {
        let shown = dig(&format!("{flags} no-such-container.default A"));
        assert!(shown.contains("status: NXDOMAIN"), "{shown}");
    }
    // Several questions on one connection.
    assert_eq!(dig("+short +keepopen +tcp db A db AAAA"), format!("{ipv4}\n{ipv6}"));
}

#[test]
fn apt_installs_from_a_repository_in_another_container() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    home.start_peer(
        "mirror",
        &["--publish", "127.0.0.1::80"],
        REPOSITORY,
        "curl -fsS -o /dev/null http://127.0.0.1/Packages 2>/dev/null",
    );
    let install = "
        rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
        echo 'deb [trusted=yes] http://mirror/ ./' > /etc/apt/sources.list
        apt-get -qq update && apt-get -qq install -y probe >/dev/null && probe
    ";
    assert_eq!(home.peer(install).success().text(), "installed");
    let packages = fetch(LOCALHOST, home.host_port("mirror", 80), "/Packages").unwrap();
    assert!(packages.starts_with("Package: probe\n"), "{packages}");
    // One connection for several files, each version of IP, and what is not there.
    let curl =
        "curl -fsS -4 -w '%{num_connects}\n' -o /tmp/a http://mirror/probe.deb -o /tmp/b http://mirror/probe.deb &&
        curl -fsS -6 -o /tmp/c http://mirror/probe.deb && cmp /tmp/a /tmp/b && cmp /tmp/a /tmp/c;
        curl -s -o /dev/null -w '%{http_code}\n' http://mirror/no-such-file;
        curl -sS -m 10 http://mirror:81/; echo $?";
    let words = ["run", "--rm", PEERS, "sh", "-c", curl];
    let said = home.run(words).success();
    // curl(1), "EXIT CODES": 7 is a connection that was refused.
    assert_eq!(said.text(), "1\n0\n404\n7", "{said:?}");
}
