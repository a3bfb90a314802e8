//! Proves what `wait` prints, and that it ends however the containers do.

use container_e2e::{BUSYBOX, Home, Process};

#[test]
fn wait_prints_the_exit_codes_in_order_once_all_have_ended() {
    let home = Home::new();
    home.run(["create", "--name", "new", BUSYBOX, "true"]).success();
    let script = "while [ ! -e /go ]; do sleep 0.1; done; exit 3";
    home.run(["run", "-d", "--rm", "--name", "slow", BUSYBOX, "sh", "-c", script])
        .success();
    home.run(["run", "--name", "quick", BUSYBOX, "sh", "-c", "exit 7"])
        .with_code(7);
    assert_eq!(home.run(["wait", "quick", "new"]).success().text(), "7\n0");

    // The last one is removed at its end, and is waited for from the beginning.
    let mut waiting = home.spawn(["wait", "quick", "ghost", "slow", "slow"]);
    assert!(!waiting.has_ended());
    home.run(["exec", "slow", "touch", "/go"]).success();
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
    // Long enough for it to have asked the launcher; if not, it finds the same on record.
    home.run(["exec", "orphan", "true"]).success();
    home.processes()
        .into_iter()
        .filter(Process::is_launcher)
        .for_each(|process| process.kill());
    waiting.wait().failure(1, &["orphan", "the launcher was killed"]);
}
