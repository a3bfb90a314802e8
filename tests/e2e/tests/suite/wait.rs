//! Proves what `wait` prints, and that it ends however the containers do.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Process, eventually};

/// Waits until the launcher of a container has been asked for its end so often.
fn until_waited_for(home: &Home, name: &str, times: usize) {
    let log = home.app_root().join("containers").join(name).join("launcher.log");
    eventually("its end is waited for", COMMAND_LIMIT, || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.matches("a client waits for the end").count() == times
    });
}

#[test]
fn wait_prints_the_exit_codes_in_order_once_all_have_ended() {
    let home = Home::new();
    home.run(["create", "--name", "new", BUSYBOX, "true"]).success();
    let script = "trap 'exit 3' TERM; echo up; while :; do sleep 0.1; done";
    home.run(["run", "-d", "--rm", "--name", "slow", BUSYBOX, "sh", "-c", script])
        .success();
    home.run(["run", "--name", "quick", BUSYBOX, "sh", "-c", "exit 7"])
        .with_code(7);
    assert_eq!(home.run(["wait", "quick", "new"]).success().text(), "7\n0");

    // The last one is removed at its end, and is waited for from the beginning: one that had gone by then would not be found.
    let mut waiting = home.spawn(["wait", "quick", "ghost", "slow", "slow"]);
    until_waited_for(&home, "slow", 2);
    assert!(!waiting.has_ended());
    // It is told to end by a signal. A process in it that brought its end about might be killed with it, and have no exit code of its own.
    eventually("its handler is in place", COMMAND_LIMIT, || {
        home.run(["logs", "slow"]).text() == "up"
    });
    home.run(["kill", "--signal", "TERM", "slow"]).success();
    let outcome = waiting.wait().with_code(1);
    assert_eq!(outcome.text(), "7\n3\n3");
    assert!(outcome.stderr.contains("container \"ghost\" not found"), "{outcome:?}");
    home.run(["wait", "slow"]).failure(1, &["\"slow\" not found"]);
}

#[test]
fn wait_does_not_make_up_an_exit_code_when_the_launcher_is_killed() {
    let home = Home::new();
    home.start_sleeper("orphan");
    let waiting = home.spawn(["wait", "orphan"]);
    until_waited_for(&home, "orphan", 1);
    home.processes()
        .into_iter()
        .filter(Process::is_launcher)
        .for_each(|process| process.kill());
    waiting.wait().failure(1, &["orphan", "the launcher was killed"]);
}
