//! Proves that programs in a container that watch files (inotify) are told of what happens to those files on the host, of nothing that happens twice, and
//! that telling them changes nothing on the host.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use container_e2e::{COMMAND_LIMIT, DEBIAN, Home, eventually};
use container_require::require;

use crate::debian;

/// Prints what inotify(7) tells of the paths that are its arguments: event, path, name. A path `--` begins a command that is run for each event, with the
/// name as its last argument.
const PROGRAM: &str = r#"
use strict;
use POSIX ();
$| = 1;
# inotify_init1 and inotify_add_watch: the numbers of x86-64, and those that younger architectures share.
my ($init, $add) = (POSIX::uname())[4] eq "x86_64" ? (294, 254) : (26, 27);
my %events = (MODIFY => 2, ATTRIB => 4, CLOSE_WRITE => 8, MOVED_FROM => 64, MOVED_TO => 128, CREATE => 256, DELETE => 512);
my $all = 0;
$all |= $_ for values %events;
my $queue = syscall($init, 0);
my (%paths, @command);
while (defined(my $path = shift @ARGV)) {
    if ($path eq "--") { @command = @ARGV; last }
    my $watch = syscall($add, $queue, $path, $all);
    die "$path: $!" if $watch < 0;
    $paths{$watch} = $path;
}
open(my $stream, "<&=", $queue) or die;
print "ready\n";
while (sysread($stream, my $buffer, 1 << 16)) {
    while (length $buffer) {
        my ($watch, $mask, $cookie, $length) = unpack("iIII", $buffer);
        my ($name) = unpack("x16 Z$length", $buffer);
        $buffer = substr($buffer, 16 + $length);
        for my $event (sort keys %events) {
            print "$event $paths{$watch} $name\n" if $mask & $events{$event};
        }
        system(@command, $name) if @command && $mask & 8;
    }
}
"#;

/// Longer than a change takes to reach a watcher.
const SETTLED: Duration = Duration::from_millis(1500);

/// A running container that watches, and the shared directory on the host.
struct Watcher {
    home: Home,
    shared: PathBuf,
}

impl Watcher {
    /// Watches what `watched` says, with the share at `/d` with these options, after `before` has been done there.
    fn start(options: &str, before: &str, watched: &[&str]) -> Self {
        let home = Home::new().with("CONTAINER_BACKEND", "qemu");
        home.load_debian(&debian::root_tar(&home));
        let shared = home.file("shared");
        fs::create_dir_all(shared.join("sub")).unwrap();
        fs::write(shared.join("file"), "of the host\n").unwrap();
        let bind = format!("{}:/d{options}", shared.display());
        let script = format!("{before}; exec perl -e \"$0\" \"$@\"");
        let line = [
            "run", "-d", "--name", "watcher", "-v", &bind, DEBIAN, "sh", "-c", &script, PROGRAM,
        ];
        home.run([&line, watched].concat()).success();
        let watcher = Self { home, shared };
        watcher.await_told("ready");
        watcher
    }

    /// What the watcher has written.
    fn told(&self) -> String {
        self.home.run(["logs", "watcher"]).success().text()
    }

    fn count(&self, line: &str) -> usize {
        self.told().lines().filter(|told| *told == line).count()
    }

    fn await_told(&self, line: &str) {
        eventually(line, COMMAND_LIMIT, || self.count(line) > 0);
    }

    fn host(&self, name: &str) -> PathBuf {
        self.shared.join(name)
    }

    fn in_container(&self, script: &str) -> String {
        self.home.run(["exec", "watcher", "sh", "-c", script]).success().text()
    }

    fn end(self) {
        self.home.run(["kill", "watcher"]).success();
        self.home.assert_quiet();
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn watch_all(options: &str) -> Watcher {
    Watcher::start(options, "ls /d /d/sub", &["/d", "/d/sub"])
}

#[test]
fn what_is_made_changed_and_removed_on_the_host_is_told_in_the_container() {
    require!(debian::has_perl(), "guests of this host's architecture");
    for options in ["", ":ro"] {
        let watcher = watch_all(options);
        append(&watcher.host("file"), "more\n");
        watcher.await_told("MODIFY /d file");
        watcher.await_told("CLOSE_WRITE /d file");
        fs::write(watcher.host("sub/made"), "made\n").unwrap();
        watcher.await_told("CREATE /d/sub made");
        watcher.await_told("CLOSE_WRITE /d/sub made");
        assert_eq!(
            watcher.in_container("cat /d/sub/made /d/file; ls /d/sub"),
            "made\nof the host\nmore\nmade"
        );
        fs::remove_file(watcher.host("sub/made")).unwrap();
        watcher.await_told("DELETE /d/sub made");
        assert_eq!(watcher.in_container("ls /d/sub"), "");
        fs::create_dir(watcher.host("new")).unwrap();
        watcher.await_told("CREATE /d new");
        fs::remove_dir(watcher.host("new")).unwrap();
        watcher.await_told("DELETE /d new");
        symlink("nowhere", watcher.host("link")).unwrap();
        watcher.await_told("CREATE /d link");
        fs::rename(watcher.host("file"), watcher.host("sub/moved")).unwrap();
        watcher.await_told("MOVED_FROM /d file");
        watcher.await_told("MOVED_TO /d/sub moved");
        assert_eq!(
            watcher.in_container("cat /d/sub/moved; ls /d"),
            "of the host\nmore\nlink\nsub"
        );
        // Each was told once.
        for line in [
            "CREATE /d/sub made",
            "DELETE /d/sub made",
            "MOVED_FROM /d file",
            "MOVED_TO /d/sub moved",
            "CREATE /d link",
        ] {
            assert_eq!(watcher.count(line), 1, "{line}: {}", watcher.told());
        }
        watcher.end();
    }
}

#[test]
fn who_is_told_reads_the_new_content_also_of_a_file_that_was_open() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let command = "cat /d/file; head -n 1 /proc/1/fd/3";
    let watched = ["/d", "--", "sh", "-c", command];
    let watcher = Watcher::start("", "exec 3</d/file; cat /d/file", &watched);
    for number in 0..5 {
        // The same length, so that the size does not tell.
        let text = format!("edit {number} of\n");
        fs::write(watcher.host("file"), &text).unwrap();
        eventually("both have read it", COMMAND_LIMIT, || {
            watcher.count(text.trim_end()) >= 2
        });
    }
    watcher.end();
}

#[test]
fn a_file_that_an_editor_saves_by_a_rename_is_told_and_read() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let watcher = watch_all("");
    fs::write(watcher.host("sub/.file.tmp"), "saved\n").unwrap();
    let before = watcher.told().len();
    fs::rename(watcher.host("sub/.file.tmp"), watcher.host("file")).unwrap();
    eventually("the new file is told", COMMAND_LIMIT, || {
        let told = watcher.told();
        let told = &told[before.min(told.len())..];
        ["CREATE /d file", "MOVED_TO /d file"]
            .iter()
            .any(|line| told.contains(line))
    });
    assert_eq!(watcher.in_container("cat /d/file"), "saved");
    append(&watcher.host("file"), "again\n");
    watcher.await_told("MODIFY /d file");
    assert_eq!(watcher.in_container("cat /d/file"), "saved\nagain");
    watcher.end();
}

#[test]
fn what_the_container_does_itself_is_told_once_and_nothing_comes_back() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let watcher = watch_all("");
    let script = "echo a >/d/own; echo b >>/d/own; mkdir /d/made; mv /d/own /d/made/own; rm -r /d/made";
    watcher.in_container(script);
    // The last of what is told once; what would be told twice comes a moment later.
    watcher.await_told("DELETE /d made");
    sleep(SETTLED);
    let told = watcher.told();
    for (line, count) in [
        ("CREATE /d own", 1),
        ("CLOSE_WRITE /d own", 2),
        ("MOVED_FROM /d own", 1),
        ("CREATE /d made", 1),
        ("DELETE /d made", 1),
    ] {
        assert_eq!(watcher.count(line), count, "{line}: {told}");
    }
    // Telling the container of a change is none on the host.
    let modified = |name: &str| {
        let metadata = fs::metadata(watcher.host(name)).unwrap();
        (
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
            metadata.mode(),
        )
    };
    append(&watcher.host("file"), "more\n");
    let before = modified("file");
    watcher.await_told("CLOSE_WRITE /d file");
    sleep(SETTLED);
    assert_eq!(modified("file"), before);
    assert_eq!(watcher.count("MODIFY /d file"), 1, "{}", watcher.told());
    watcher.end();
}

#[test]
fn more_files_than_one_batch_takes_are_told() {
    // A batch has 512 changes at most.
    const FILES: usize = 600;
    require!(debian::has_perl(), "guests of this host's architecture");
    let watcher = watch_all("");
    for number in 0..FILES {
        File::create(watcher.host(&format!("sub/{number}"))).unwrap();
    }
    eventually("all are told", 2 * COMMAND_LIMIT, || {
        let told = watcher.told();
        let made = told.lines().filter(|line| line.starts_with("CREATE /d/sub "));
        made.count() == FILES
    });
    assert_eq!(watcher.in_container("ls /d/sub | wc -l"), FILES.to_string());
    fs::remove_dir_all(watcher.host("sub")).unwrap();
    watcher.await_told("DELETE /d sub");
    let told = watcher.told();
    let removed = told.lines().filter(|line| line.starts_with("DELETE /d/sub ")).count();
    assert_eq!(removed, FILES, "each by itself, though the directory is gone");
    watcher.end();
}

#[test]
fn a_program_that_pretends_to_be_the_agent_is_as_any_other() {
    require!(debian::has_perl(), "guests of this host's architecture");
    let watcher = watch_all("");
    // The group by which the agent makes itself known, which root of the container can take.
    let script = "mkdir /d/.agent && rmdir /d/.agent && echo more >>/d/file && mv /d/file /d/moved && touch /d/new";
    let line = ["exec", "-u", "0:4294963440", "watcher", "sh", "-c", script];
    watcher.home.run(line).success();
    assert_eq!(
        fs::read_to_string(watcher.host("moved")).unwrap(),
        "of the host\nmore\n"
    );
    assert!(watcher.host("new").exists());
    append(&watcher.host("moved"), "again\n");
    watcher.await_told("MODIFY /d moved");
    watcher.end();
}
