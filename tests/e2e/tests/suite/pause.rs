//! Proves that a paused container stands still and goes on as if nothing had been, and that it can be ended.

use std::thread::sleep;
use std::time::Duration;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};

/// Says so when it hears of USR1, and ticks.
const TICKER: &str = "trap 'echo heard' USR1; trap 'exit 3' TERM; while :; do echo tick; sleep 0.05; done";

fn has(home: &Home, word: &str) -> bool {
    home.run(["logs", "web"]).success().text().contains(word)
}

fn start(home: &Home) {
    home.run(["start", "web"]).success();
    eventually("it ticks", COMMAND_LIMIT, || has(home, "tick"));
}

#[test]
fn a_paused_container_stands_still_goes_on_and_can_be_ended() {
    let home = Home::new();
    home.run(["create", "--name", "web", BUSYBOX, "sh", "-c", TICKER])
        .success();
    home.run(["pause", "web"]).failure(1, &["web", "stopped"]);
    start(&home);
    home.run(["unpause", "web"]).failure(1, &["web", "running"]);

    assert_eq!(home.run(["pause", "web"]).success().text(), "web");
    assert_eq!(home.status("web")["state"], "paused");
    assert!(home.run(["list"]).success().text().contains(" paused "));
    home.run(["kill", "--signal", "USR1", "web"]).success();
    // What it wrote before the pause may still come, but not what it says to a signal that it got after that.
    sleep(Duration::from_millis(300));
    assert!(!has(&home, "heard"), "nothing runs");
    home.run(["pause", "web"]).failure(1, &["it is paused"]);
    for (words, code) in [
        (&["exec", "web", "true"][..], 125),
        (&["cp", "web:/bin/busybox", "/dev/null"], 1),
        (&["start", "web"], 1),
    ] {
        home.run(words)
            .failure(code, &["it is paused", "container unpause web"]);
    }
    home.run(["diff", "web"]).success();

    assert_eq!(home.run(["unpause", "web"]).success().text(), "web");
    assert_eq!(home.status("web")["state"], "running");
    eventually("it has heard of the signal", COMMAND_LIMIT, || has(&home, "heard"));
    home.run(["exec", "web", "true"]).success();

    // It goes on to heed the signal.
    home.run(["pause", "web"]).success();
    home.run(["stop", "--time", "60", "web"]).success();
    assert_eq!(home.status("web")["exitCode"], 3);

    start(&home);
    home.run(["pause", "web"]).success();
    home.run(["kill", "web"]).success();
    assert_eq!(home.status("web")["exitCode"], 137);
    home.run(["delete", "web"]).success();
    home.assert_quiet();
}
