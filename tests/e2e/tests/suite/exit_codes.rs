//! Proves the exit codes of `run`: the program's own, and 125, 126, 127 and 137.

use container_e2e::{BUSYBOX, Home};

#[test]
fn the_exit_code_is_the_programs_own() {
    let home = Home::new();
    home.shell("exit 7").with_code(7);
    home.shell("exit 0").with_code(0);
}

#[test]
fn a_program_that_is_not_there_gives_127() {
    let home = Home::new();
    home.run(["run", "--rm", BUSYBOX, "no-such-program"])
        .failure(127, &["no-such-program"]);
    home.run(["run", "--rm", BUSYBOX, "/no/such/program"])
        .failure(127, &["/no/such/program"]);
    assert!(home.run(["list", "--all", "--quiet"]).stdout.is_empty());
}

#[test]
fn a_program_that_cannot_be_executed_gives_126() {
    let home = Home::new();
    home.run(["run", "--rm", BUSYBOX, "/etc/not-executable"])
        .failure(126, &["/etc/not-executable"]);
    home.run(["run", "--rm", BUSYBOX, "/etc"]).failure(126, &["/etc"]);
}

#[test]
fn a_killed_program_gives_137() {
    let home = Home::new();
    let started = home.spawn(["run", "--name", "victim", BUSYBOX, "sh", "-c", "echo up; sleep 100"]);
    container_e2e::eventually("it runs", container_e2e::COMMAND_LIMIT, || {
        home.run(["logs", "victim"]).text() == "up"
    });
    home.run(["kill", "victim"]).success();
    assert_eq!(started.wait().code, 137);
    assert_eq!(home.status("victim")["exitCode"], 137);
}

#[test]
fn a_program_without_memory_is_killed_and_the_record_says_so() {
    let home = Home::new();
    let script = "dd if=/dev/zero of=/dev/shm/a bs=1M count=400; exit $?";
    let outcome = home.run([
        "run",
        "--name",
        "eater",
        "-m",
        "200m",
        "--shm-size",
        "1g",
        BUSYBOX,
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(outcome.code, 137, "{outcome:?}");
    assert_eq!(home.status("eater")["oomKilled"], true);
}

#[test]
fn our_own_failure_gives_125() {
    let home = Home::new();
    home.run(["run", "--rm", "127.0.0.1:1/no/such:image", "true"])
        .failure(125, &["127.0.0.1:1/no/such"]);
    home.run(["run", "--rm", "--kernel", "/no/such/kernel", BUSYBOX, "true"])
        .failure(125, &["/no/such/kernel"]);
    assert!(home.run(["list", "--all", "--quiet"]).stdout.is_empty());
}

#[test]
fn a_container_that_is_not_there_is_named() {
    let home = Home::empty();
    home.run(["start", "ghost"]).failure(1, &["ghost", "list --all"]);
    home.run(["exec", "ghost", "true"]).failure(125, &["ghost"]);
    home.run(["inspect", "ghost", "spirit"])
        .failure(1, &["ghost", "spirit"]);
    home.run(["logs", "ghost"]).failure(1, &["ghost"]);
}
