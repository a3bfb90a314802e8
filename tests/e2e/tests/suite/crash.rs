//! Proves that after SIGKILL of a launcher, a hypervisor or a command at several moments the next command sees a stopped container or
//! none, and that no process and no half-made container is left.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Initramfs, InstallTree, Process, Started, eventually};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::process::Signal;

/// Kills the only process of this kind. A child that has not executed its program yet looks like its parent, so that there may be two for a moment.
fn kill_the_one(home: &Home, which: impl Fn(&Process) -> bool) {
    eventually("there is one, and no other", COMMAND_LIMIT, || {
        let found: Vec<_> = home.processes().into_iter().filter(&which).collect();
        let is_one = found.len() == 1;
        if is_one {
            found[0].kill();
        }
        is_one
    });
}

/// Kills these processes; gives how many there were.
fn kill(home: &Home, which: impl Fn(&Process) -> bool) -> usize {
    let victims: Vec<_> = home.processes().into_iter().filter(which).collect();
    victims.iter().for_each(Process::kill);
    victims.len()
}

fn assert_stopped_truthfully(home: &Home, name: &str) {
    eventually("the record says that it is stopped", COMMAND_LIMIT, || {
        home.status(name)["state"] == "stopped"
    });
    let status = home.status(name);
    assert_ne!(status["exitCode"], 0, "nobody saw a success: {status}");
    assert!(status["reason"].is_string(), "{status}");
    home.assert_quiet();
    // The container can be started again.
    home.run(["start", name]).success();
    assert_eq!(home.status(name)["state"], "running");
    home.run(["kill", name]).success();
}

#[test]
fn a_killed_launcher_leaves_a_stopped_container() {
    let home = Home::new();
    home.start_sleeper("orphan");
    kill_the_one(&home, Process::is_launcher);
    assert_stopped_truthfully(&home, "orphan");
}

#[test]
fn a_launcher_that_is_killed_while_its_container_is_made_is_replaced() {
    let home = Home::new();
    let volumes = home.app_root().join("volumes");
    fs::create_dir_all(&volumes).unwrap();
    let lock = fs::File::create(volumes.join(".lock")).unwrap();
    // As if a volume were being deleted: a container that uses one is made after that.
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let started = home.spawn(["run", "--rm", "-v", "data:/data", BUSYBOX, "echo", "up"]);
    kill_the_one(&home, Process::is_launcher);
    drop(lock);
    assert_eq!(started.wait().success().text(), "up");
    home.assert_quiet();
}

#[test]
fn a_killed_hypervisor_leaves_a_stopped_container() {
    let home = Home::new();
    home.start_sleeper("unplugged");
    kill_the_one(&home, Process::is_hypervisor);
    assert_stopped_truthfully(&home, "unplugged");
}

#[test]
fn a_foreground_run_whose_hypervisor_is_killed_says_so() {
    let home = Home::new();
    let started = home.spawn(["run", "--name", "cut", BUSYBOX, "sh", "-c", "echo up; sleep 1000"]);
    eventually("it runs", COMMAND_LIMIT, || home.run(["logs", "cut"]).text() == "up");
    kill(&home, Process::is_hypervisor);
    let outcome = started.wait();
    assert!(outcome.code != 0 && outcome.stderr.contains("Error: "), "{outcome:?}");
}

#[test]
fn a_killed_command_takes_its_container_along() {
    let home = Home::new();
    let started = home.spawn(["run", "--name", "owned", BUSYBOX, "sh", "-c", "echo up; sleep 1000"]);
    eventually("it runs", COMMAND_LIMIT, || home.run(["logs", "owned"]).text() == "up");
    started.signal(Signal::KILL);
    assert_eq!(started.wait().code, 137);
    eventually("the container has ended", COMMAND_LIMIT, || {
        home.status("owned")["state"] == "stopped"
    });
    home.assert_quiet();
}

#[test]
fn a_detached_container_survives_the_command() {
    let home = Home::new();
    home.start_sleeper("free");
    assert_eq!(
        home.processes().iter().filter(|process| process.is_launcher()).count(),
        1
    );
    assert_eq!(home.run(["exec", "free", "echo", "alive"]).success().text(), "alive");
}

/// Its name, and a check whether it has come.
type Moment = (&'static str, fn(&Home) -> bool);

/// Moments of a start that can be seen from outside, in their order.
const MOMENTS: [Moment; 4] = [
    ("the name is taken", |home| !containers(home).is_empty()),
    ("the record is there", |home| {
        containers(home)
            .iter()
            .any(|directory| directory.join("config.json").exists())
    }),
    ("the launcher is there", |home| {
        home.processes().iter().any(Process::is_launcher)
    }),
    ("the hypervisor is there", |home| {
        home.processes().iter().any(Process::is_hypervisor)
    }),
];

/// `run` has all moments; `create` ends after the record.
const OF_RUN: usize = 4;
const OF_CREATE: usize = 2;

/// A command that makes a container. Its guest never comes up, so that a start is not over, however late the moment is seen.
fn start_for_ever(home: &Home, maker: &[&str]) -> (InstallTree, Started) {
    let tree = InstallTree::copy().with("initramfs", &Initramfs::with_script("exec /bin/busybox sleep 100000"));
    let mut command = home.command(maker.iter().chain(&[BUSYBOX, "sleep", "1000"]));
    command.env("CONTAINER_INSTALL_ROOT", tree.root());
    (tree, Started::spawn(command, None))
}

/// Sends a signal to the command that makes a container, at each of the first `moments` moments.
fn at_each_moment(home: &Home, maker: &[&str], moments: usize, signal: Signal) {
    for (what, has_come) in &MOMENTS[..moments] {
        let (_tree, mut started) = start_for_ever(home, maker);
        let end = Instant::now() + COMMAND_LIMIT;
        while !has_come(home) && !started.has_ended() {
            assert!(Instant::now() < end, "{maker:?}: not in time: {what}");
        }
        started.signal_if_running(signal);
        let outcome = started.wait();
        if outcome.code != 0 {
            assert_eq!(outcome.code, 128 + signal.as_raw(), "{maker:?}, {what}: {outcome:?}");
        }
        if outcome.code == 0 {
            // The command ended before the signal, so the user has been told the id.
            home.run(["delete", "--force", &outcome.text()]).success();
        } else if !outcome.stdout.is_empty() {
            // It was killed when it had told the id, before it let go of the container or after that.
            home.run(["delete", "--force", &outcome.text()]);
        }
        assert_nothing_is_left(home, &format!("{maker:?}, {what}"));
    }
}

#[test]
fn a_command_killed_at_any_moment_of_the_start_leaves_nothing() {
    let home = Home::new();
    at_each_moment(&home, &["run"], OF_RUN, Signal::KILL);
    at_each_moment(&home, &["run", "--rm"], OF_RUN, Signal::KILL);
    at_each_moment(&home, &["run", "-d"], OF_RUN, Signal::KILL);
    at_each_moment(&home, &["create", "--rm"], OF_CREATE, Signal::KILL);
    home.shell("true").success();
}

#[test]
fn a_command_interrupted_at_any_moment_of_the_start_leaves_nothing() {
    let home = Home::new();
    at_each_moment(&home, &["run"], OF_RUN, Signal::TERM);
    at_each_moment(&home, &["run", "-d"], OF_RUN, Signal::TERM);
    at_each_moment(&home, &["create"], OF_CREATE, Signal::TERM);
    home.shell("true").success();
}

#[test]
fn a_container_whose_id_nobody_was_told_goes() {
    let home = Home::new();
    // The reader is gone, so the id cannot be written.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for maker in [&["run", "-d"][..], &["create"]] {
        let mut command = home.command(maker.iter().chain(&[BUSYBOX, "sleep", "1000"]));
        command.stdout(writer.try_clone().unwrap());
        assert_eq!(command.status().unwrap().code(), Some(141), "{maker:?}");
        assert_nothing_is_left(&home, &format!("{maker:?} without a reader"));
    }
    // The reader does not read, so the command is killed between the start and the id.
    let (_reader, mut writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while writer.write(&[0]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, OFlags::empty()).unwrap();
    let mut child = home
        .command(["run", "-d", BUSYBOX, "sleep", "1000"])
        .stdout(writer)
        .spawn()
        .unwrap();
    eventually("it runs", COMMAND_LIMIT, || !home.run(["ls", "-q"]).stdout.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_nothing_is_left(&home, "killed before the id was told");
}

#[test]
fn a_launcher_killed_at_any_moment_of_the_start_leaves_nothing_behind_a_temporary_container() {
    let home = Home::new();
    for (what, has_come) in &MOMENTS[2..] {
        let (_tree, mut started) = start_for_ever(&home, &["run", "--rm"]);
        eventually(what, COMMAND_LIMIT, || has_come(&home));
        kill_the_one(&home, Process::is_launcher);
        // One that had not taken the container yet is replaced, once.
        eventually("the command ends", COMMAND_LIMIT, || {
            kill(&home, Process::is_launcher);
            started.has_ended()
        });
        started.wait().failure(125, &["launcher was killed or has failed"]);
        assert_nothing_is_left(&home, what);
    }
    home.shell("true").success();
}

/// The directories of containers, finished or not.
fn containers(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.app_root().join("containers"));
    entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

/// Checks that nothing runs and that the next command finds no container, after removing what the killed one left.
#[track_caller]
fn assert_nothing_is_left(home: &Home, after: &str) {
    home.assert_quiet();
    assert_eq!(home.run(["ls", "-aq"]).success().text(), "", "{after}");
    assert_eq!(containers(home), Vec::<PathBuf>::new(), "{after}");
}
