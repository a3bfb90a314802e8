//! Proves that `logs` shows the output of the last start completely, follows it to its end, and has the machine's console.

use container_e2e::{BUSYBOX, Home};

#[test]
fn both_streams_of_the_last_start_are_kept() {
    let home = Home::new();
    home.run([
        "run",
        "--name",
        "talker",
        BUSYBOX,
        "sh",
        "-c",
        "echo one; echo two >&2; echo; echo three",
    ])
    .success();
    let log = home.run(["logs", "talker"]).success().text();
    for line in ["one", "two", "three"] {
        assert!(log.lines().any(|shown| shown == line), "{log}");
    }
    // Two pipes have no common order, so any of the lines may be the last.
    let last = log.lines().rfind(|line| !line.is_empty()).unwrap();
    assert_eq!(home.run(["logs", "-n", "1", "talker"]).success().text(), last);
    home.run(["start", "-a", "talker"]).success();
    assert_eq!(home.run(["logs", "talker"]).success().text().matches("one").count(), 1);
}

#[test]
fn following_ends_with_the_container() {
    let home = Home::new();
    let script = "for n in 1 2 3; do echo $n; sleep 0.4; done; exit 3";
    home.run(["run", "-d", "--name", "counter", BUSYBOX, "sh", "-c", script])
        .success();
    let outcome = home.run(["logs", "-f", "counter"]).success();
    assert_eq!(outcome.text(), "1\n2\n3");
    assert_eq!(home.status("counter")["exitCode"], 3);
}

#[test]
fn a_container_that_is_gone_is_not_mistaken_for_one_whose_name_begins_alike() {
    let home = Home::new();
    home.start_sleeper("web-1");
    home.run([
        "run",
        "-d",
        "--rm",
        "--name",
        "web",
        BUSYBOX,
        "sh",
        "-c",
        "echo up; sleep 1",
    ])
    .success();
    assert_eq!(home.run(["logs", "-f", "web"]).success().text(), "up");
    assert_eq!(home.status("web-1")["state"], "running");
}

#[test]
fn the_boot_log_has_the_machines_console() {
    let home = Home::new();
    home.run(["run", "--name", "booted", BUSYBOX, "true"]).success();
    home.run(["logs", "--boot", "booted"]).success();
    home.run(["create", "--name", "fresh", BUSYBOX, "true"]).success();
    assert!(home.run(["logs", "fresh"]).success().stdout.is_empty());
}

#[test]
fn a_large_log_is_complete() {
    let home = Home::new();
    home.run(["run", "-d", "--name", "large", BUSYBOX, "seq", "1", "300000"])
        .success();
    let outcome = home.run(["logs", "--follow", "large"]).success();
    assert!(outcome.stdout.ends_with(b"\n300000\n"));
    assert_eq!(outcome.stdout.iter().filter(|byte| **byte == b'\n').count(), 300_000);
}
