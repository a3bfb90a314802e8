//! `kill -9` of any process at any moment: the next command sees a stopped container, and nothing is left.

use std::time::Duration;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Process, eventually};
use rustix::process::Signal;

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
    // And it can be used again.
    home.run(["start", name]).success();
    assert_eq!(home.status(name)["state"], "running");
    home.run(["kill", name]).success();
}

#[test]
fn a_killed_launcher_leaves_a_stopped_container() {
    let home = Home::new();
    home.start_sleeper("orphan");
    assert_eq!(kill(&home, Process::is_launcher), 1);
    assert_stopped_truthfully(&home, "orphan");
}

#[test]
fn a_killed_hypervisor_leaves_a_stopped_container() {
    let home = Home::new();
    home.start_sleeper("unplugged");
    assert_eq!(kill(&home, Process::is_hypervisor), 1);
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

#[test]
fn a_command_killed_at_any_moment_of_the_start_leaves_nothing() {
    let home = Home::new();
    for delay_ms in [1, 3, 10, 30, 60, 100, 200, 400, 700, 1200] {
        let started = home.spawn(["run", "--rm", BUSYBOX, "sleep", "1000"]);
        std::thread::sleep(Duration::from_millis(delay_ms));
        started.signal(Signal::KILL);
        started.wait().with_code(137);
    }
    home.assert_quiet();
    assert_all_stopped(&home);
}

#[test]
fn a_launcher_killed_at_any_moment_of_the_start_leaves_nothing() {
    let home = Home::new();
    for delay_ms in [5, 20, 60, 150, 300, 500, 800] {
        let started = home.spawn(["run", "--rm", BUSYBOX, "sleep", "5"]);
        std::thread::sleep(Duration::from_millis(delay_ms));
        kill(&home, Process::is_launcher);
        let outcome = started.wait();
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
    home.assert_quiet();
    assert_all_stopped(&home);
}

#[test]
fn interrupting_a_start_leaves_nothing() {
    let home = Home::new();
    for delay_ms in [20, 150, 500] {
        let started = home.spawn(["run", BUSYBOX, "sleep", "1000"]);
        std::thread::sleep(Duration::from_millis(delay_ms));
        started.signal(Signal::TERM);
        // Should the start have been quicker than the signal, `sleep` gets it and, being PID 1, ignores it: the third ends the
        // command all the same.
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(100));
            started.signal(Signal::TERM);
        }
        let outcome = started.wait();
        assert_ne!(outcome.code, 0);
    }
    home.assert_quiet();
    assert_all_stopped(&home);
}

fn assert_all_stopped(home: &Home) {
    let listed = home.run(["list", "--all", "--format", "json"]).success().json();
    for container in listed.as_array().unwrap() {
        assert_eq!(container["status"]["state"], "stopped", "{container}");
    }
    home.run(["delete", "--all"]).success();
    assert!(home.run(["ls", "-aq"]).stdout.is_empty());
    home.shell("true").success();
}
