//! Proves that programs of the host and of containers reach each other over Unix sockets, in both directions, with their own users, and that nothing
//! of it is left.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, PEERS, eventually, has_debian_peers, noise};
use container_require::{is_installed, require};
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};

/// What a missing archive is called.
const ARCHIVE: &str = "a Debian root file system with Perl and OpenSSH, which `cargo xtask test` makes as root";

/// Answers each connection, when it has said everything, with the digest of what it said and all of that.
const SERVER: &str = r#"
use IO::Socket::UNIX; use Digest::SHA qw(sha256_hex);
$SIG{CHLD} = 'IGNORE'; $SIG{PIPE} = 'IGNORE';
unlink $ARGV[0];
my $listener = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 20) or die "listen: $!";
while (1) {
    my $client = $listener->accept or next;
    if (!fork) { local $/; my $said = <$client> // ''; print $client sha256_hex($said) . "\n" . $said; close $client; exit }
    close $client;
}
"#;

/// Says some mebibytes and compares the answer; prints `same`.
const CLIENT: &str = r#"
use IO::Socket::UNIX; use Digest::SHA qw(sha256_hex);
my $server = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!\n";
my $said = join('', map { chr($_ * 7 % 251) } 1 .. 4096) x (256 * $ARGV[1]);
print $server $said; shutdown($server, 1);
local $/; my $answer = <$server> // '';
print $answer eq sha256_hex($said) . "\n" . $said ? "same\n" : "different\n";
"#;

/// Opens a hundred connections before it says something over each; prints how many answers were right.
const MANY: &str = r#"
use IO::Socket::UNIX; use Digest::SHA qw(sha256_hex);
my @servers = map { IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!\n" } 1 .. 100;
my ($number, $right) = (0, 0);
for my $server (reverse @servers) {
    my $said = $number++ x 1000;
    print $server $said; shutdown($server, 1);
    local $/; my $answer = <$server> // '';
    $right++ if $answer eq sha256_hex($said) . "\n" . $said;
}
print "$right\n";
"#;

fn answer(said: &[u8]) -> Vec<u8> {
    let hex: String = Sha256::digest(said).iter().map(|byte| format!("{byte:02x}")).collect();
    [hex.as_bytes(), b"\n", said].concat()
}

/// The rest of a conversation that the other side ends.
fn converse(mut socket: UnixStream, said: &[u8]) -> Vec<u8> {
    socket.set_read_timeout(Some(COMMAND_LIMIT)).unwrap();
    let mut writer = socket.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            writer.write_all(said).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).unwrap();
        heard
    })
}

/// Starts [`SERVER`] in a container with further flags.
fn start_server(home: &Home, name: &str, socket: &Path, flags: &[&str]) {
    let publish = format!("{}:/tmp/app.sock", socket.display());
    let words = [
        &["run", "-d", "--name", name, "--publish-socket", &publish],
        flags,
        &[PEERS, "perl", "-e", SERVER, "/tmp/app.sock"],
    ]
    .concat();
    home.run(words).success();
    // The command returns when the program has started, which is before it listens.
    home.guest(name, "until test -S /tmp/app.sock; do sleep 0.05; done")
        .success();
}

/// The program of the host in the part of [`SERVER`].
fn serve(path: &Path) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            thread::spawn(move || {
                let mut socket = socket.unwrap();
                let mut said = Vec::new();
                socket.read_to_end(&mut said).unwrap();
                let _ = socket.write_all(&answer(&said));
            });
        }
    });
}

#[test]
fn programs_of_the_host_reach_a_socket_in_the_container() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    let socket = home.file("made/for/it/app.sock");
    start_server(
        &home,
        "server",
        &socket,
        &["--read-only", "--tmpfs", "/tmp", "-u", "1000"],
    );
    let metadata = fs::symlink_metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let shown = home.run(["inspect", "server"]).success().json()[0]["configuration"].clone();
    assert_eq!(shown["publishedSockets"][0]["hostPath"], socket.display().to_string());
    assert_eq!(shown["publishedSockets"][0]["containerPath"], "/tmp/app.sock");
    assert_eq!(shown["ssh"], false);

    let large = noise(1, 20 << 20);
    let heard = converse(UnixStream::connect(&socket).unwrap(), &large);
    assert!(heard == answer(&large), "{} bytes", heard.len());

    // All are open before the first of them says anything.
    let sockets: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let conversations = sockets.into_iter().enumerate().map(|(number, socket)| {
        thread::spawn(move || {
            let said = format!("conversation {number}").repeat(500);
            assert!(converse(socket, said.as_bytes()) == answer(said.as_bytes()), "{number}");
        })
    });
    for conversation in conversations.collect::<Vec<_>>() {
        conversation.join().unwrap();
    }

    // One that is not there in the container is not there on the host either, after a moment.
    home.run(["exec", "server", "rm", "/tmp/app.sock"]).success();
    thread::sleep(Duration::from_secs(1));
    assert!(converse(UnixStream::connect(&socket).unwrap(), b"").is_empty());
    home.run(["kill", "server"]).success();
    eventually("the socket has gone", COMMAND_LIMIT, || !socket.exists());
    home.assert_quiet();
}

#[test]
fn the_last_words_of_a_program_arrive_although_the_container_ends_with_it() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    let socket = home.file("app.sock");
    let publish = format!("{}:/run/app.sock", socket.display());
    let program = r#"
        use IO::Socket::UNIX;
        my $listener = IO::Socket::UNIX->new(Local => '/run/app.sock', Listen => 1) or die "listen: $!";
        my $client = $listener->accept; print $client 'x' x (8 << 20);
    "#;
    let started = home.spawn([
        "run",
        "--rm",
        "--publish-socket",
        &publish,
        PEERS,
        "perl",
        "-e",
        program,
    ]);
    // It waits in the socket's queue until the machine is up. A socket is there a moment before it takes connections.
    let mut connection = None;
    eventually("the socket takes connections", COMMAND_LIMIT, || {
        connection = UnixStream::connect(&socket).ok();
        connection.is_some()
    });
    let heard = converse(connection.unwrap(), b"");
    assert_eq!(heard.len(), 8 << 20);
    started.wait().success();
    home.assert_quiet();
}

#[test]
fn a_socket_that_is_left_is_taken_over_and_what_is_somebody_s_stays() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    let socket = home.file("app.sock");
    start_server(&home, "server", &socket, &[]);
    let publish = format!("{}:/tmp/app.sock", socket.display());
    let refused = home.run(["run", "--rm", "--publish-socket", &publish, PEERS, "true"]);
    assert!(
        refused.code != 0 && refused.stderr.contains("a program listens"),
        "{refused:?}"
    );
    for process in home.processes().iter().filter(|process| process.is_launcher()) {
        kill_process(Pid::from_raw(process.id).unwrap(), Signal::KILL).unwrap();
    }
    eventually("the container has stopped", COMMAND_LIMIT, || {
        home.status("server")["state"] == "stopped"
    });
    assert!(socket.exists(), "nobody was there to remove it");
    home.run(["start", "server"]).success();
    assert_eq!(
        converse(UnixStream::connect(&socket).unwrap(), b"again"),
        answer(b"again")
    );
    home.run(["kill", "server"]).success();
    eventually("the socket has gone", COMMAND_LIMIT, || !socket.exists());

    fs::write(&socket, "mine").unwrap();
    let refused = home.run(["run", "--rm", "--publish-socket", &publish, PEERS, "true"]);
    assert!(
        refused.code != 0 && refused.stderr.contains("not removed"),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(&socket).unwrap(), "mine");
    fs::remove_file(&socket).unwrap();
    let long = format!("{}:/s", home.file(&"x".repeat(120)).display());
    let refused = home.run(["run", "--rm", "--publish-socket", &long, PEERS, "true"]);
    assert!(
        refused.code != 0 && refused.stderr.contains("at most 107"),
        "{refused:?}"
    );
    home.assert_quiet();
}

#[test]
fn programs_of_the_container_reach_a_socket_of_the_host() {
    require!(has_debian_peers(), "{ARCHIVE}");
    let home = Home::with_debian_peers();
    let socket = home.file("host.sock");
    serve(&socket);
    let mount = format!("{}:/run/app/host.sock:ro", socket.display());
    let flags = [
        "run",
        "-d",
        "--name",
        "client",
        "--read-only",
        "-u",
        "1000:1000",
        "-v",
        &mount,
    ];
    home.run([&flags[..], &[PEERS, "sleep", "1000"]].concat()).success();
    let exec = |words: &[&str]| home.run([&["exec", "client"], words].concat());
    assert_eq!(
        exec(&["stat", "-c", "%F %u:%g %a", "/run/app/host.sock"])
            .success()
            .text(),
        "socket 1000:1000 600"
    );
    assert_eq!(
        exec(&["perl", "-e", CLIENT, "/run/app/host.sock", "20"])
            .success()
            .text(),
        "same"
    );
    assert_eq!(
        exec(&["perl", "-e", MANY, "/run/app/host.sock"]).success().text(),
        "100"
    );
    // It is the container's user's.
    let other = home.run([
        "exec",
        "-u",
        "1001",
        "client",
        "perl",
        "-e",
        CLIENT,
        "/run/app/host.sock",
        "0",
    ]);
    assert!(
        other.code != 0 && other.stderr.contains("Permission denied"),
        "{other:?}"
    );

    // The host's program goes, and comes again.
    fs::remove_file(&socket).unwrap();
    assert_eq!(
        exec(&["perl", "-e", CLIENT, "/run/app/host.sock", "0"])
            .success()
            .text(),
        "different"
    );
    serve(&socket);
    assert_eq!(
        exec(&["perl", "-e", CLIENT, "/run/app/host.sock", "1"])
            .success()
            .text(),
        "same"
    );
    let shown = home.run(["inspect", "client"]).success().json()[0]["configuration"]["mounts"][0].clone();
    assert_eq!(shown["source"], socket.display().to_string());
    assert_eq!(shown["destination"], "/run/app/host.sock");
    home.run(["kill", "client"]).success();
    fs::remove_file(&socket).unwrap();
    home.assert_quiet();
}

/// A real agent of the host with a key of its own.
struct Agent {
    process: Child,
    socket: PathBuf,
    fingerprint: String,
}

impl Agent {
    fn start(home: &Home, socket: &Path, key: &str) -> Self {
        let _ = fs::remove_file(socket);
        let process = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self {
            process,
            socket: socket.to_owned(),
            fingerprint: String::new(),
        };
        let end = Instant::now() + COMMAND_LIMIT;
        while UnixStream::connect(socket).is_err() {
            assert!(Instant::now() < end, "the agent does not start");
            thread::sleep(Duration::from_millis(10));
        }
        let file = home.file(key);
        let make = ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"];
        agent.run(Command::new("ssh-keygen").args(make).arg(&file));
        agent.run(Command::new("ssh-add").arg("-q").arg(&file));
        let listed = agent.run(Command::new("ssh-add").arg("-l"));
        Self {
            fingerprint: listed.trim_end().to_owned(),
            ..agent
        }
    }

    fn run(&self, command: &mut Command) -> String {
        let output = command.env("SSH_AUTH_SOCK", &self.socket).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn end(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let _ = fs::remove_file(&self.socket);
    }
}

#[test]
fn the_ssh_agent_of_whoever_starts_the_container_is_in_it() {
    require!(has_debian_peers(), "{ARCHIVE}");
    require!(is_installed("ssh-agent"), "ssh-agent, of openssh-client");
    let mut home = Home::with_debian_peers();
    let without = home
        .run(["create", "--ssh", "--name", "later", PEERS, "sleep", "1000"])
        .success();
    assert_eq!(without.stderr, "", "it is not started yet");
    let started = home.run(["start", "later"]).success();
    assert!(started.stderr.contains("SSH_AUTH_SOCK is not set"), "{started:?}");
    let listed = home.run(["exec", "later", "ssh-add", "-l"]);
    assert!(listed.code != 0, "{listed:?}");
    home.run(["kill", "later"]).success();

    let (one, two) = (home.file("one.sock"), home.file("two.sock"));
    let first = Agent::start(&home, &one, "first");
    home = home.with("SSH_AUTH_SOCK", &one);
    home.run([
        "run", "-d", "--ssh", "--name", "user", "-u", "33", PEERS, "sleep", "1000",
    ])
    .success();
    let listed = |home: &Home, name: &str| home.run(["exec", name, "ssh-add", "-l"]).success().text();
    let path = home
        .run(["exec", "user", "sh", "-c", "echo $SSH_AUTH_SOCK"])
        .success()
        .text();
    assert_eq!(path, "/var/host-services/ssh-auth.sock");
    assert_eq!(listed(&home, "user"), first.fingerprint);
    first.end();
    let again = Agent::start(&home, &one, "again");
    assert_eq!(listed(&home, "user"), again.fingerprint);
    home.run(["kill", "user"]).success();
    again.end();

    let other = Agent::start(&home, &two, "other");
    home = home.with("SSH_AUTH_SOCK", &two);
    eventually("the container has ended", COMMAND_LIMIT, || {
        home.status("user")["state"] == "stopped"
    });
    home.run(["start", "user"]).success();
    assert_eq!(listed(&home, "user"), other.fingerprint);
    assert_eq!(home.run(["inspect", "user"]).json()[0]["configuration"]["ssh"], true);
    home.run(["kill", "user"]).success();
    other.end();
    home.assert_quiet();
}

#[test]
fn what_leads_nowhere_is_refused_in_words() {
    let home = Home::new();
    let lost = home.file("lost.sock").display().to_string();
    for (flags, said) in [
        (["--publish-socket", "/only-one"], "HOST:CONTAINER"),
        (["--publish-socket", "/a:b"], "no absolute path"),
        (["-v", &format!("{lost}:/s")], "no such file"),
    ] {
        let refused = home.run([&["run", "--rm"], &flags[..], &[BUSYBOX, "true"]].concat());
        assert!(refused.code != 0 && refused.stderr.contains(said), "{refused:?}");
    }
}

#[test]
fn the_ssh_agent_that_a_build_was_given_is_there_for_commands_that_mount_it_and_in_no_image() {
    require!(has_debian_peers(), "{ARCHIVE}");
    require!(is_installed("ssh-agent"), "ssh-agent, of openssh-client");
    let home = Home::with_debian_peers();
    let context = home.file("context");
    fs::create_dir(&context).unwrap();
    let dockerfile = format!(
        "FROM {PEERS}\nRUN --mount=type=ssh,required ssh-add -l > /listed\nRUN [ -z \"$SSH_AUTH_SOCK\" ]\n\
         CMD [\"sh\", \"-c\", \"cat /listed; ls -A /run/buildkit 2>&1 | grep -v No.such\"]\n"
    );
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    let build = |agent: &[&str]| {
        let words = [&["build", "-t", "localhost/ssh:1"], agent].concat();
        home.run(words.into_iter().map(OsStr::new).chain([context.as_os_str()]))
    };
    build(&[]).failure(1, &["ssh \"default\" was not given"]);
    let socket = home.file("agent.sock");
    let agent = Agent::start(&home, &socket, "build");
    let given = format!("default={}", socket.display());
    build(&["--ssh", &given]).success();
    let seen = home.run(["run", "--rm", "localhost/ssh:1"]).text();
    assert_eq!(seen.trim_end(), agent.fingerprint, "and nothing in /run/buildkit");
    agent.end();
    home.assert_quiet();
}
