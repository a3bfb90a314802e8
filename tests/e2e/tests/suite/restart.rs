//! Proves that `restart` stops as `stop` does and starts as `start` does, whatever other commands do meanwhile.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};

#[test]
fn restart_stops_as_asked_and_starts_again() {
    let home = Home::new();
    let script = "trap 'echo polite >> /ends; exit 3' USR1; trap 'exit 4' TERM; echo up; while :; do sleep 0.1; done";
    home.run(["create", "--name", "web", BUSYBOX, "sh", "-c", script])
        .success();
    // One that does not run is started.
    assert_eq!(home.run(["restart", "web"]).success().text(), "web");
    eventually("its handlers are in place", COMMAND_LIMIT, || {
        home.run(["logs", "web"]).text() == "up"
    });
    home.run(["restart", "--signal", "USR1", "--timeout", "60", "web", "ghost"])
        .failure(1, &["container \"ghost\" not found"]);
    assert_eq!(home.run(["exec", "web", "cat", "/ends"]).success().text(), "polite");
    // One may stop what the other has just started, and that one says so.
    let one = home.spawn(["restart", "--time", "0", "web"]);
    let other = home.spawn(["restart", "--time", "0", "web"]).wait();
    let one = one.wait();
    assert!(one.code == 0 || other.code == 0, "{one:?} {other:?}");
    for failed in [one, other].into_iter().filter(|outcome| outcome.code != 0) {
        failed.failure(125, &["stop"]);
    }
    assert_eq!(home.status("web")["state"], "running");
    home.run(["delete", "--force", "web"]).success();
    home.run(["restart", "web"]).failure(1, &["\"web\" not found"]);
}

#[test]
fn a_container_that_is_removed_at_its_end_is_not_restarted() {
    let home = Home::new();
    home.run(["run", "-d", "--rm", "--name", "gone", BUSYBOX, "sleep", "1000"])
        .success();
    home.run(["restart", "gone"]).failure(1, &["gone", "--rm"]);
    assert_eq!(home.status("gone")["state"], "running");
}
