//! Proves that Debian's PostgreSQL, MariaDB and Redis, as their own users, lose no acknowledged row on a volume or in a shared directory when the
//! launcher or the hypervisor is killed while they write, and that nginx and git work on a shared directory.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use container_e2e::{COMMAND_LIMIT, Home, PEERS, Process, eventually, has_debian_peers};
use container_require::require;

/// What a missing archive is called.
const ARCHIVE: &str = "a Debian root file system with servers, which `cargo xtask test` makes as root";

/// A database starts slowly under emulation, and slower after a crash.
const DATABASE_LIMIT: Duration = COMMAND_LIMIT.saturating_mul(2);

/// A server that keeps its data in `/data`, and a client beside it.
struct Database {
    user: &'static str,
    /// Starts the server in the background and waits until it answers; makes its data first, where there is none.
    start: &'static str,
    /// Writes rows without an end, and prints the number of each once the server has acknowledged it.
    write: &'static str,
    /// Prints how many rows there are, and the number of the last one.
    count: &'static str,
}

const POSTGRESQL: Database = Database {
    user: "postgres",
    start: r#"
        bin=/usr/lib/postgresql/15/bin
        test -s /data/PG_VERSION || $bin/initdb -D /data --auth trust --encoding UTF8 --locale C >/dev/null
        rm -f /data/postmaster.pid
        $bin/pg_ctl -D /data -l /tmp/log -w -t 100 -s -o '-c unix_socket_directories=/tmp -c jit=off' start || cat /tmp/log
        psql='psql -h /tmp -d postgres -qtA -F / -v ON_ERROR_STOP=1'
        for try in $(seq 300); do $psql -c 'select 1' >/dev/null 2>&1 && break; sleep 0.2; done
        $psql -c 'set client_min_messages = error; create table if not exists rows (n bigserial primary key, text text)'
    "#,
    write: r#"
        while :; do echo "insert into rows (text) values (repeat('x', 500)) returning n;"; done | $psql
    "#,
    count: "$psql -c 'select count(*), max(n) from rows'",
};

const MARIADB: Database = Database {
    user: "65534",
    start: r#"
        test -d /data/mysql || mariadb-install-db --no-defaults --datadir=/data --skip-test-db --auth-root-authentication-method=normal >/dev/null
        /usr/sbin/mariadbd --no-defaults --datadir=/data --socket=/tmp/socket --skip-networking --innodb-buffer-pool-size=16M \
            --pid-file=/tmp/pid >/tmp/log 2>&1 &
        sql='mariadb --no-defaults --socket=/tmp/socket -u root -N -B --unbuffered'
        for try in $(seq 300); do $sql -e 'select 1' >/dev/null 2>&1 && break; sleep 0.2; done
        $sql -e 'create database if not exists d; create table if not exists d.sent (n bigint auto_increment primary key, text text) engine=innodb' \
            || cat /tmp/log
    "#,
    write: r#"
        while :; do echo "insert into sent (text) values (repeat('x', 500)) returning n;"; done | $sql d
    "#,
    count: "$sql d -e \"select concat(count(*), '/', max(n)) from sent\"",
};

const REDIS: Database = Database {
    user: "redis",
    start: r#"
        redis-server --dir /data --port 0 --unixsocket /tmp/socket --appendonly yes --appendfsync always --daemonize yes --logfile /tmp/log >/dev/null
        cli='redis-cli -s /tmp/socket'
        for try in $(seq 300); do test "$($cli ping 2>/dev/null)" = PONG && break; sleep 0.2; done
    "#,
    write: "while :; do $cli rpush rows xxxxxxxxxxxxxxxx; done",
    count: "echo $($cli llen rows)/$($cli llen rows)",
};

/// The numbers that the writer said were acknowledged, of this run of the container and of those before it.
fn acknowledged(home: &Home, container: &str) -> Vec<u64> {
    let log = home.run(["logs", container]).success();
    log.text().lines().filter_map(|line| line.parse().ok()).collect()
}

/// What is killed below a database.
type IsVictim = fn(&Process) -> bool;

/// Kills one process after the other below a database that writes, and counts what is there after each.
fn loses_nothing(database: &Database, home: &Home, mount: &str, victims: &[IsVictim]) {
    let script = format!("{}\n{}", database.start, database.write);
    let line = [
        "run",
        "-d",
        "--name",
        "db",
        "-m",
        "512m",
        "-v",
        mount,
        "-u",
        database.user,
        PEERS,
        "sh",
        "-c",
        &script,
    ];
    home.run(line).success();
    let mut seen = 0;
    for is_victim in victims {
        eventually("it writes", DATABASE_LIMIT, || {
            acknowledged(home, "db").len() >= seen + 30
        });
        let victims: Vec<_> = home.processes().into_iter().filter(is_victim).collect();
        assert!(!victims.is_empty());
        victims.iter().for_each(Process::kill);
        eventually("it is on record", COMMAND_LIMIT, || {
            home.status("db")["state"] == "stopped"
        });
        let numbers = acknowledged(home, "db");
        let last = *numbers.iter().max().unwrap();
        seen = numbers.len();

        let script = format!("{}\n{}", database.start, database.count);
        let line = [
            "run",
            "--rm",
            "-m",
            "512m",
            "-v",
            mount,
            "-u",
            database.user,
            PEERS,
            "sh",
            "-c",
            &script,
        ];
        let counted = home.run(line).success().text();
        let (rows, highest) = counted.split_once('/').unwrap_or_else(|| panic!("{counted}"));
        let (rows, highest): (u64, u64) = (rows.parse().unwrap(), highest.parse().unwrap());
        // Numbers may be skipped by a crash, but a row that was acknowledged is there.
        assert!(
            highest >= last,
            "{last} was acknowledged, {highest} is the last one there"
        );
        assert!(rows >= seen as u64, "{seen} rows were acknowledged, {rows} are there");
        home.run(["start", "db"]).success();
    }
    home.run(["delete", "--force", "db"]).success();
}

/// A home with the image, in machines that QEMU runs: its directories can be shared.
fn home() -> Home {
    Home::with_debian_peers().with("CONTAINER_BACKEND", "qemu")
}

fn on_a_volume(database: &Database, victims: &[IsVictim]) {
    let home = home();
    // A new volume belongs to root; a database's image says what its directory belongs to.
    let owner = format!("chown {0} /data && chmod 700 /data", database.user);
    home.run(["run", "--rm", "-v", "data:/data", PEERS, "sh", "-c", &owner])
        .success();
    loses_nothing(database, &home, "data:/data", victims);
    home.assert_quiet();
}

fn in_a_shared_directory(database: &Database) {
    let home = home();
    let data = home.file("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let mount = format!("{}:/data", data.display());
    loses_nothing(database, &home, &mount, &[Process::is_hypervisor]);
    home.assert_quiet();
}

#[test]
fn postgresql_loses_no_row_on_a_volume() {
    require!(has_debian_peers(), "{ARCHIVE}");
    on_a_volume(&POSTGRESQL, &[Process::is_launcher, Process::is_hypervisor]);
}

#[test]
fn postgresql_loses_no_row_in_a_shared_directory() {
    require!(has_debian_peers(), "{ARCHIVE}");
    in_a_shared_directory(&POSTGRESQL);
}

#[test]
fn mariadb_loses_no_row_on_a_volume() {
    require!(has_debian_peers(), "{ARCHIVE}");
    on_a_volume(&MARIADB, &[Process::is_launcher]);
}

#[test]
fn mariadb_loses_no_row_in_a_shared_directory() {
    require!(has_debian_peers(), "{ARCHIVE}");
    in_a_shared_directory(&MARIADB);
}

#[test]
fn redis_loses_no_entry_on_a_volume() {
    require!(has_debian_peers(), "{ARCHIVE}");
    on_a_volume(&REDIS, &[Process::is_launcher]);
}

#[test]
fn redis_loses_no_entry_in_a_shared_directory() {
    require!(has_debian_peers(), "{ARCHIVE}");
    in_a_shared_directory(&REDIS);
}

#[test]
fn nginx_serves_what_the_host_edits() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = home();
    let site = home.file("site");
    fs::create_dir(&site).unwrap();
    fs::write(site.join("index.html"), "first").unwrap();
    let mount = format!("{}:/var/www/html:ro", site.display());
    home.start_peer(
        "web",
        &["-v", &mount],
        "exec nginx -g 'daemon off;'",
        "curl -sf http://127.0.0.1/",
    );
    let fetch = "curl -sf http://127.0.0.1/";
    assert_eq!(home.guest("web", fetch).success().text(), "first");
    fs::write(site.join("index.html"), "second, and longer").unwrap();
    eventually("the edit is served", COMMAND_LIMIT, || {
        home.guest("web", fetch).success().text() == "second, and longer"
    });
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

/// Runs git on the host.
#[track_caller]
fn git(directory: &std::path::Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@localhost",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(words)
        .current_dir(directory)
        .env("HOME", directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn git_agrees_on_both_sides_of_a_shared_directory() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = home();
    let tree = home.file("tree");
    fs::create_dir(&tree).unwrap();
    for index in 0..200 {
        let directory = tree.join(format!("d{}", index % 10));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!("f{index}")), format!("{index}\n")).unwrap();
    }
    fs::set_permissions(tree.join("d0/f0"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("d0/f0", tree.join("link")).unwrap();
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-q", "-m", "first"]);

    let mount = format!("{}:/src", tree.display());
    let inside = |script: &str| {
        let line = [
            "run",
            "--rm",
            "-v",
            &mount,
            "-w",
            "/src",
            "-e",
            "HOME=/tmp",
            "-u",
            "1000:1000",
            PEERS,
            "sh",
            "-ec",
            script,
        ];
        home.run(line).success().text()
    };
    // Clean, and without the complaint about a tree that belongs to another user.
    assert_eq!(inside("git status --porcelain"), "");
    fs::write(tree.join("d1/f1"), "edited\n").unwrap();
    fs::remove_file(tree.join("d2/f2")).unwrap();
    fs::write(tree.join("new"), "new\n").unwrap();
    assert_eq!(inside("git status --porcelain"), " M d1/f1\n D d2/f2\n?? new");
    let commit = "git -c user.name=t -c user.email=t@localhost commit -q -a -m second; chmod 755 d3/f3; git status --porcelain; git log --oneline | wc -l";
    assert_eq!(inside(commit), " M d3/f3\n?? new\n2");
    assert_eq!(git(&tree, &["status", "--porcelain"]), " M d3/f3\n?? new\n");
    assert_eq!(git(&tree, &["fsck", "--strict"]), "");
    home.assert_quiet();
}
