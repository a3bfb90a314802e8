//! Proves that locks of files (`flock`, `fcntl`) in a shared directory and in a volume of type shared exclude programs of other containers and of the
//! host, and that programs which wait for one can be interrupted and killed.

use std::fs::{self, File};
use std::path::PathBuf;

use container_e2e::{COMMAND_LIMIT, DEBIAN, Home, Outcome, eventually};
use container_require::require;
use rustix::fs::{FlockOperation, flock};

use crate::debian;

/// Perl's access to locks of bytes: `lock(command, type, start, length)` on the file that is the first argument, and `$reply` with what came back
/// (fcntl(2), 64-bit Linux).
const PERL: &str = r#"
use Errno;
use constant { GET => 5, SET => 6, WAIT => 7, READ => 0, WRITE => 1, FREE => 2 };
open my $file, "+<", shift or die "cannot open: $!";
my $reply;
sub lock_bytes {
    my ($command, $type, $start, $length) = @_;
    $reply = pack "s s x4 q q i x4", $type, 0, $start, $length, 0;
    return fcntl($file, $command, $reply) ? "done" : $!{EAGAIN} ? "refused" : "$!";
}
sub told { my ($type, undef, $start, $length, $process) = unpack "s s x4 q q i", $reply; return "$type $start $length $process" }
sub touch { open my $made, ">", shift or die $! }
sub until_there { my $path = shift; select undef, undef, undef, 0.05 until -e $path }
$| = 1;
"#;

/// A home with a directory to share, and containers that have it as `/d`.
struct Sharing {
    home: Home,
    directory: PathBuf,
}

impl Sharing {
    /// With a bound directory.
    fn bound(containers: &[&str]) -> Self {
        let home = Self::home();
        let directory = home.file("shared");
        fs::create_dir(&directory).unwrap();
        let source = directory.to_str().unwrap().to_owned();
        Self { home, directory }.started(&source, containers)
    }

    /// With a volume of type shared.
    fn volume(containers: &[&str]) -> Self {
        let home = Self::home();
        home.run(["volume", "create", "--opt", "type=shared", "both"]).success();
        let directory = home.app_root().join("volumes/both/data");
        Self { home, directory }.started("both", containers)
    }

    fn home() -> Home {
        let home = Home::new().with("CONTAINER_BACKEND", "qemu");
        home.load_debian(&debian::root_tar(&home));
        home
    }

    fn started(self, source: &str, containers: &[&str]) -> Self {
        let mount = format!("{source}:/d");
        for name in containers {
            let line = ["run", "-d", "--name", name, "-v", &mount, DEBIAN, "sleep", "infinity"];
            self.home.run(line).success();
        }
        fs::write(self.directory.join("file"), "").unwrap();
        self
    }

    fn exec(&self, name: &str, script: &str) -> Outcome {
        self.home.guest(name, script)
    }

    /// Starts a script that goes on.
    fn start(&self, name: &str, script: &str) {
        self.home.run(["exec", "-d", name, "sh", "-c", script]).success();
    }

    fn perl(&self, name: &str, program: &str) -> String {
        let program = format!("{PERL}{program}");
        let line = ["exec", name, "perl", "-e", &program, "/d/file"];
        self.home.run(line).success().text()
    }

    fn start_perl(&self, name: &str, program: &str) {
        let program = format!("{PERL}{program}");
        self.home
            .run(["exec", "-d", name, "perl", "-e", &program, "/d/file"])
            .success();
    }

    fn is_there(&self, name: &str) -> bool {
        self.directory.join(name).exists()
    }

    fn await_file(&self, name: &str) {
        eventually(name, COMMAND_LIMIT, || self.is_there(name));
    }

    fn make(&self, name: &str) {
        fs::write(self.directory.join(name), "").unwrap();
    }

    /// The exit code of an attempt to lock the file.
    fn attempt(&self, name: &str, flags: &str) -> i32 {
        self.exec(name, &format!("flock {flags} /d/file true")).code
    }
}

#[test]
fn a_lock_of_one_container_excludes_another_one_and_the_host() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let sharing = Sharing::bound(&["one", "other"]);
    sharing.start(
        "one",
        "flock /d/file sh -c 'touch /d/held; until [ -e /d/release ]; do sleep 0.1; done'",
    );
    sharing.await_file("held");
    assert_eq!(sharing.attempt("other", "-n"), 1);
    assert_eq!(sharing.attempt("other", "-n -s"), 1);
    let of_host = File::open(sharing.directory.join("file")).unwrap();
    assert!(flock(&of_host, FlockOperation::NonBlockingLockShared).is_err());
    // An alarm interrupts what waits.
    assert_eq!(sharing.attempt("other", "-w 2"), 1);

    sharing.start("other", "flock /d/file touch /d/got");
    sharing.exec("one", "sleep 3").success();
    assert!(!sharing.is_there("got"));
    sharing.make("release");
    sharing.await_file("got");

    // The other way round.
    eventually("the host has it", COMMAND_LIMIT, || {
        flock(&of_host, FlockOperation::NonBlockingLockExclusive).is_ok()
    });
    assert_eq!(sharing.attempt("one", "-n -s"), 1);
    drop(of_host);
    assert_eq!(sharing.attempt("one", "-n"), 0);
}

#[test]
fn who_waits_or_holds_can_be_killed() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let sharing = Sharing::bound(&["one", "other"]);
    sharing.start("one", "flock /d/file sh -c 'touch /d/held; sleep infinity'");
    sharing.await_file("held");
    let script = "flock /d/file true & waiting=$!; sleep 2; kill -9 $waiting; wait $waiting; echo $?";
    assert_eq!(sharing.exec("other", script).success().text(), "137");
    // Nobody has locked its bytes.
    let wait_for_bytes = |seconds: &str| {
        let program = format!("{PERL} lock_bytes(WAIT, WRITE, 0, 1)");
        let line = ["exec", "other", "timeout", seconds, "perl", "-e", &program, "/d/file"];
        sharing.home.run(line).code
    };
    assert_eq!(wait_for_bytes("60"), 0);
    let program = r#"
        lock_bytes(SET, WRITE, 0, 10) eq "done" or die;
        touch("/d/held-bytes");
        sleep 1 while 1;
    "#;
    sharing.start_perl("one", program);
    sharing.await_file("held-bytes");
    assert_eq!(wait_for_bytes("5"), 124, "it was killed in time");
    // Again and again, because the first alarm may come before it waits.
    let program = "$SIG{ALRM} = sub { alarm 1 }; alarm 2; print lock_bytes(WAIT, WRITE, 0, 1), ' ', $!{EINTR} ? 'interrupted' : ''";
    assert!(sharing.perl("other", program).ends_with("interrupted"));

    sharing.home.run(["kill", "one"]).success();
    assert_eq!(
        sharing.attempt("other", "-w 60"),
        0,
        "the locks of a container end with it"
    );
    assert_eq!(sharing.perl("other", "print lock_bytes(WAIT, WRITE, 0, 0)"), "done");
}

#[test]
fn locks_of_bytes_exclude_who_wants_the_same_ones() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let sharing = Sharing::volume(&["one", "other"]);
    let program = r#"
        lock_bytes(SET, WRITE, 0, 10) eq "done" or die;
        lock_bytes(SET, READ, 20, 10) eq "done" or die;
        touch("/d/held");
        until_there("/d/give-up-part");
        lock_bytes(SET, FREE, 5, 5) eq "done" or die;
        until_there("/d/release");
    "#;
    sharing.start_perl("one", program);
    sharing.await_file("held");
    let program = r#"
        print join ",", lock_bytes(SET, WRITE, 10, 10), lock_bytes(SET, READ, 9, 1), lock_bytes(SET, READ, 20, 10),
            lock_bytes(SET, WRITE, 29, 1), lock_bytes(SET, WRITE, 30, 0);
        print ";", lock_bytes(GET, WRITE, 0, 0), " ", told();
        print ";", lock_bytes(GET, READ, 15, 0), " ", (unpack "s", $reply)[0];
    "#;
    let seen = sharing.perl("other", program);
    assert_eq!(seen, "done,refused,done,refused,done;done 1 0 10 0;done 2");

    // Within a container the process is told.
    let program = r#"
        my $parent = fork // die;
        if (!$parent) { until_there("/d/forked"); print lock_bytes(GET, READ, 40, 1), " ", told() eq "1 40 5 " . getppid() ? "parent" : told(); exit }
        lock_bytes(SET, WRITE, 40, 5); touch("/d/forked"); wait;
    "#;
    assert_eq!(sharing.perl("other", program), "done parent");

    sharing.start_perl(
        "other",
        "lock_bytes(WAIT, WRITE, 5, 5) eq 'done' and touch('/d/got-part'); until_there('/d/end')",
    );
    sharing.start_perl(
        "other",
        "lock_bytes(WAIT, WRITE, 0, 5) eq 'done' and touch('/d/got-rest')",
    );
    sharing.exec("one", "sleep 2").success();
    assert!(!sharing.is_there("got-part"));
    sharing.make("give-up-part");
    sharing.await_file("got-part");
    assert!(!sharing.is_there("got-rest"));
    sharing.make("release");
    sharing.await_file("got-rest");
    assert_eq!(
        sharing.perl("one", "print lock_bytes(SET, READ, 5, 1), lock_bytes(SET, READ, 0, 5)"),
        "refuseddone"
    );
    sharing.make("end");
}

#[test]
fn what_is_read_under_a_lock_is_what_others_wrote_under_theirs() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let sharing = Sharing::volume(&["one", "other"]);
    // Both keep the file open, so that only the lock tells them that it has changed.
    let count = |end: &str, lock: &str, unlock: &str| {
        let program = format!(
            r#"
            for (1 .. 150) {{
                {lock};
                sysseek $file, 0, 0; sysread $file, my $text, 20;
                sysseek $file, 0, 0; syswrite $file, $text + 1;
                {unlock};
                # So that the other one has a turn.
                select undef, undef, undef, 0.01;
            }}
            touch("/d/{end}");
            "#
        );
        program
    };
    let ways = [
        ("flock $file, 2", "flock $file, 8"),
        (
            "lock_bytes(WAIT, WRITE, 0, 1) eq 'done' or die",
            "lock_bytes(SET, FREE, 0, 1)",
        ),
    ];
    for (index, (lock, unlock)) in ways.into_iter().enumerate() {
        fs::write(sharing.directory.join("file"), "0").unwrap();
        let ends = [format!("one-{index}"), format!("other-{index}")];
        sharing.start_perl("one", &count(&ends[0], lock, unlock));
        sharing.start_perl("other", &count(&ends[1], lock, unlock));
        ends.iter().for_each(|end| sharing.await_file(end));
        let counted = fs::read_to_string(sharing.directory.join("file")).unwrap();
        assert_eq!(counted, "300", "{lock}");
    }
}
