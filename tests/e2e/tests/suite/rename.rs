//! Proves that a container that does not run gets another name, and that others at it at the same moment answer truthfully.

use container_e2e::{BUSYBOX, Home};

/// How often commands are at one container at once.
const ROUNDS: usize = 5;

#[test]
fn a_renamed_container_is_found_by_its_new_name_only() {
    let home = Home::new();
    let script = "hostname; echo was here >> /note; cat /note";
    home.run(["run", "--name", "web", BUSYBOX, "sh", "-c", script])
        .success();
    home.run(["create", "--name", "db", "--hostname", "data", BUSYBOX, "hostname"])
        .success();
    home.run(["rename", "web", "db"])
        .failure(1, &["web", "\"db\" is already in use"]);
    home.run(["rename", "ghost", "shop"])
        .failure(1, &["\"ghost\" not found"]);
    home.run(["rename", "web", "not/a/name"]).failure(64, &["not/a/name"]);
    home.run(["rename", "web", "shop"]).success();
    home.run(["rename", "db", "store"]).success();
    home.run(["inspect", "web"]).failure(1, &["not found"]);
    assert_eq!(home.status("shop")["exitCode"], 0);
    assert_eq!(
        home.run(["start", "-a", "shop"]).success().text(),
        "shop\nwas here\nwas here"
    );
    assert_eq!(home.run(["start", "-a", "store"]).success().text(), "data");
    assert_eq!(home.run(["list", "-a", "-q"]).success().text().lines().count(), 2);
    // The name is free.
    assert_eq!(
        home.run(["run", "--rm", "--name", "web", BUSYBOX, "echo", "new"])
            .success()
            .text(),
        "new"
    );
    home.assert_quiet();
}

#[test]
fn a_running_container_keeps_its_name() {
    let home = Home::new();
    home.start_sleeper("web");
    home.run(["rename", "web", "shop"])
        .failure(1, &["cannot rename container web: it is running", "container stop web"]);
    assert_eq!(home.status("web")["state"], "running");
    home.run(["stop", "web"]).success();
    home.run(["rename", "web", "shop"]).success();
    home.run(["start", "shop"]).success();
    home.run(["exec", "shop", "true"]).success();
    home.run(["delete", "--force", "shop"]).success();
    home.assert_quiet();
}

#[test]
fn renaming_starting_and_deleting_at_once_answer_truthfully() {
    let home = Home::new();
    for _ in 0..ROUNDS {
        home.run(["create", "--name", "web", BUSYBOX, "true"]).success();
        let [one, other, start, delete] = [
            &["rename", "web", "left"][..],
            &["rename", "web", "right"],
            &["start", "-a", "web"],
            &["delete", "--force", "web"],
        ]
        .map(|words| home.spawn(words));
        let renamed = [(one, "left"), (other, "right")].map(|(command, name)| (command.wait(), name));
        let (start, delete) = (start.wait(), delete.wait());
        let done: Vec<_> = renamed.iter().filter(|(outcome, _)| outcome.code == 0).collect();
        assert!(done.len() <= 1, "{renamed:?}");
        let names = home.run(["list", "-a", "-q"]).success().text();
        let expected = match (&done[..], delete.code) {
            ([], 0) => "",
            // It was just about to run.
            ([], _) => "web",
            // A delete that found it under its old name finds that it is gone from there.
            ([(_, name)], _) => name,
            _ => panic!("{names:?}: {renamed:?}"),
        };
        assert_eq!(names, expected, "{renamed:?} {start:?} {delete:?}");
        for name in names.lines() {
            home.run(["delete", "--force", name]).success();
        }
        home.run(["list", "-a"]).success();
        home.assert_quiet();
    }
}
