//! Proves the life cycle of a container: stop, kill, start again, delete; names and id files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};

/// Waits until the program has said `up`: only then its signal handlers are in place.
fn wait_until_up(home: &Home, name: &str) {
    eventually("the program is ready", COMMAND_LIMIT, || {
        home.run(["logs", name]).text() == "up"
    });
}

#[test]
fn stop_asks_first_and_the_program_may_answer() {
    let home = Home::new();
    let script = "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done";
    home.run(["run", "-d", "--name", "polite", BUSYBOX, "sh", "-c", script])
        .success();
    wait_until_up(&home, "polite");
    assert_eq!(home.run(["stop", "polite"]).success().text(), "polite");
    assert_eq!(home.status("polite")["exitCode"], 3);
    assert!(home.run(["logs", "polite"]).success().text().ends_with("bye"));
    home.assert_quiet();
}

#[test]
fn stop_kills_after_the_timeout() {
    let home = Home::new();
    home.run([
        "run",
        "-d",
        "--name",
        "deaf",
        BUSYBOX,
        "sh",
        "-c",
        "trap '' TERM; echo up; while :; do sleep 1; done",
    ])
    .success();
    wait_until_up(&home, "deaf");
    let begin = Instant::now();
    home.run(["stop", "--time", "1", "deaf"]).success();
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(home.status("deaf")["exitCode"], 137);
}

#[test]
fn a_signal_by_name_or_number_reaches_the_program() {
    let home = Home::new();
    let script = "trap 'exit 11' USR1; trap 'exit 12' USR2; echo up; while :; do sleep 0.1; done";
    for (name, signal, code) in [("one", "SIGUSR1", 11), ("two", "12", 12)] {
        home.run(["run", "-d", "--name", name, BUSYBOX, "sh", "-c", script])
            .success();
        wait_until_up(&home, name);
        home.run(["kill", "--signal", signal, name]).success();
        home.run(["logs", "-f", name]).success();
        assert_eq!(home.status(name)["exitCode"], code);
    }
}

#[test]
fn starting_again_keeps_what_was_written() {
    let home = Home::new();
    let script = "cat /data 2>/dev/null; echo $((1 + $(cat /data 2>/dev/null || echo 0))) > /data";
    home.run(["run", "--name", "counter", BUSYBOX, "sh", "-c", script])
        .success();
    assert_eq!(home.run(["start", "-a", "counter"]).success().text(), "1");
    assert_eq!(home.run(["start", "-a", "counter"]).success().text(), "2");
    assert_eq!(home.run(["start", "counter"]).success().text(), "counter");
    home.run(["logs", "-f", "counter"]).success();
    assert_eq!(home.run(["start", "-a", "counter"]).success().text(), "4");
}

#[test]
fn data_survive_a_kill_without_damage() {
    let home = Home::new();
    // Only the first start writes it, so that what the second one sees has survived.
    let script = "[ -e /data ] || { echo kept > /data; sync; }; echo up; while :; do sleep 1; done";
    home.run(["run", "-d", "--name", "hurt", BUSYBOX, "sh", "-c", script])
        .success();
    wait_until_up(&home, "hurt");
    for process in home.processes() {
        process.kill();
    }
    eventually("the processes are gone", COMMAND_LIMIT, || home.processes().is_empty());
    // A process that ends has no arguments any more a moment before its lock is free.
    eventually("the launcher's lock is free", COMMAND_LIMIT, || {
        home.status("hurt")["state"] == "stopped"
    });
    home.run(["start", "hurt"]).success();
    assert_eq!(home.run(["exec", "hurt", "cat", "/data"]).success().text(), "kept");
}

#[test]
fn starting_a_running_container_changes_nothing() {
    let home = Home::new();
    home.start_sleeper("up");
    let before = home.status("up");
    assert_eq!(home.run(["start", "up"]).success().text(), "up");
    assert_eq!(home.status("up"), before);
    home.run(["start", "-a", "up"]).failure(125, &["up", "running"]);
}

#[test]
fn a_running_container_is_deleted_by_force_only() {
    let home = Home::new();
    home.start_sleeper("up");
    home.run(["delete", "up"]).failure(1, &["up", "--force"]);
    assert_eq!(home.run(["rm", "-f", "up", "up"]).success().text(), "up");
    assert!(home.run(["ls", "-aq"]).stdout.is_empty());
    home.assert_quiet();
    assert_eq!(fs::read_dir(home.app_root().join("containers")).unwrap().count(), 0);
}

#[test]
fn rm_leaves_nothing() {
    let home = Home::new();
    home.shell("echo x > /file").success();
    home.run(["run", "-d", "--rm", "--name", "gone", BUSYBOX, "true"])
        .success();
    eventually("it is gone", COMMAND_LIMIT, || {
        home.run(["ls", "-aq"]).stdout.is_empty()
    });
    home.assert_quiet();
    assert_eq!(fs::read_dir(home.app_root().join("containers")).unwrap().count(), 0);
}

#[test]
fn a_name_can_be_had_once() {
    let home = Home::new();
    home.run(["create", "--name", "taken", BUSYBOX, "true"]).success();
    home.run(["create", "--name", "taken", BUSYBOX, "true"])
        .failure(1, &["taken"]);
    home.run(["run", "--name", "taken", BUSYBOX, "true"])
        .failure(125, &["taken"]);
    // The name is checked before anything is fetched.
    home.run(["run", "--name", "taken", "127.0.0.1:1/no-registry:1", "true"])
        .failure(125, &["taken", "already in use"]);
    home.run(["delete", "taken"]).success();
    home.run(["run", "--name", "taken", BUSYBOX, "true"]).success();
}

#[test]
fn the_id_file_is_new_and_has_the_id_alone() {
    let home = Home::new();
    let path = home.file("cid");
    home.run([
        "run",
        "--cidfile",
        path.to_str().unwrap(),
        "--name",
        "filed",
        BUSYBOX,
        "true",
    ])
    .success();
    assert_eq!(fs::read(&path).unwrap(), b"filed");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    home.run(["run", "--cidfile", path.to_str().unwrap(), BUSYBOX, "true"])
        .failure(125, &["cid", "exists"]);
    assert_eq!(home.run(["ls", "-aq"]).text(), "filed");
}

#[test]
fn all_containers_at_once() {
    let home = Home::new();
    home.start_sleeper("one");
    home.start_sleeper("two");
    let stopped = home.run(["stop", "--all"]).success().text();
    assert_eq!(stopped.lines().count(), 2);
    home.run(["stop", "one", "ghost"]).failure(1, &["ghost"]);
    assert_eq!(home.run(["delete", "--all"]).success().text().lines().count(), 2);
}

#[test]
fn prune_deletes_what_does_not_run() {
    let home = Home::new();
    home.start_sleeper("up");
    home.run(["create", "--name", "new", BUSYBOX, "true"]).success();
    let pruned = home.run(["prune"]).success();
    assert_eq!(pruned.text(), "new");
    assert!(
        pruned.stderr.starts_with("Reclaimed ") && !pruned.stderr.starts_with("Reclaimed 0 "),
        "{pruned:?}"
    );
    assert_eq!(home.run(["ls", "-aq"]).success().text(), "up");
    home.run(["stop", "up"]).success();
    assert_eq!(home.run(["prune", "--force"]).success().text(), "up");
    assert!(home.run(["prune"]).success().stdout.is_empty());
}

#[test]
fn what_exists_does_not_need_the_settings() {
    let home = Home::new();
    home.start_sleeper("up");
    home.set_up("[container]\ncpu = 1\n");
    home.run(["exec", "up", "true"]).success();
    home.run(["logs", "up"]).success();
    home.run(["stop", "up"]).success();
    home.run(["start", "up"]).success();
    home.run(["kill", "up"]).success();
    home.run(["inspect", "up"]).success();
    assert_eq!(home.run(["ls", "-aq"]).success().text(), "up");
    home.run(["run", BUSYBOX, "true"])
        .failure(125, &["config.toml", "line 2", "container.cpus"]);
    home.run(["delete", "up"]).success();
}

#[test]
fn scripts_that_start_and_stop_a_service_work_without_one() {
    let home = Home::new();
    home.run(["system", "start", "--disable-kernel-install"]).success();
    home.run(["system", "start", "--app-root", "/elsewhere"])
        .failure(64, &["--app-root", "CONTAINER_APP_ROOT"]);
    home.start_sleeper("up");
    home.run(["system", "stop"]).success();
    assert!(home.run(["ls", "-q"]).success().stdout.is_empty());
}
