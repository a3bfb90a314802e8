//! Proves that what happens is told in Docker's words, in its order, to those who follow it and to those who ask later.

use std::fs::{self, File};
use std::process::Child;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// All events that pass the filters, up to this moment.
fn told(home: &Home, filters: &[&str]) -> Vec<Value> {
    let mut words = vec!["events", "--since", "1970-01-01", "--until", "0s", "--format", "json"];
    words.extend(filters.iter().flat_map(|filter| ["--filter", *filter]));
    let text = home.run(words).success().text();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn actions(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["Action"].as_str().unwrap()).collect()
}

/// Follows all events, into a file.
struct Follower {
    process: Child,
    file: std::path::PathBuf,
}

impl Follower {
    fn start(home: &Home, words: &[&str]) -> Self {
        let file = home.file("followed");
        let all = ["events", "--since", "1970-01-01"];
        let mut command = home.command(all.iter().chain(words));
        let process = command.stdout(File::create(&file).unwrap()).spawn().unwrap();
        Self { process, file }
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    fn wait_for(&self, word: &str) {
        eventually(word, COMMAND_LIMIT, || self.text().contains(word));
    }

    /// Interrupts it, and gives its exit code.
    fn interrupt(mut self) -> Option<i32> {
        let id = Pid::from_raw(self.process.id().cast_signed()).unwrap();
        kill_process(id, Signal::INT).unwrap();
        self.process.wait().unwrap().code()
    }
}

#[test]
fn the_life_of_a_container_is_told_in_its_order() {
    let home = Home::new();
    let follower = Follower::start(&home, &["--filter", "container=web", "--format", "{{.Action}};"]);
    let script = "trap 'exit 3' TERM; echo up; while :; do sleep 0.1; done";
    let create = [
        "create",
        "--name",
        "web",
        "--label",
        "tier=front",
        "--network",
        "default",
    ];
    home.run(create.iter().chain(&[BUSYBOX, "sh", "-c", script])).success();
    home.run(["start", "web"]).success();
    eventually("its handler is in place", COMMAND_LIMIT, || {
        home.run(["logs", "web"]).text() == "up"
    });
    home.run(["exec", "web", "sh", "-c", "exit 7"]).with_code(7);
    home.run(["exec", "-d", "web", "true"]).success();
    follower.wait_for("exec_die;\nexec_create: true;\nexec_start: true;\nexec_die;");
    home.run(["pause", "web"]).success();
    home.run(["unpause", "web"]).success();
    home.run(["stop", "--time", "60", "web"]).success();
    home.run(["rename", "web", "webs"]).success();
    home.run(["delete", "webs"]).success();

    let of_container = told(&home, &["container=web"]);
    let expected = [
        "create",
        "start",
        "exec_create: sh -c exit 7",
        "exec_start: sh -c exit 7",
        "exec_die",
        "exec_create: true",
        "exec_start: true",
        "exec_die",
        "pause",
        "unpause",
        "kill",
        "die",
        "stop",
        "rename",
        "destroy",
    ];
    assert_eq!(actions(&of_container), expected);
    follower.wait_for("destroy;");
    assert_eq!(
        follower.text().lines().collect::<String>(),
        format!("{};", expected.join(";"))
    );
    assert_eq!(follower.interrupt(), Some(130));

    let find = |action: &str| of_container.iter().find(|event| event["Action"] == action).unwrap();
    let attribute = |action: &str, name: &str| find(action)["Actor"]["Attributes"][name].clone();
    assert_eq!(attribute("die", "exitCode"), "3");
    assert_eq!(attribute("kill", "signal"), "15");
    assert_eq!(attribute("exec_die", "exitCode"), "7");
    assert_eq!(attribute("create", "image"), BUSYBOX);
    assert_eq!(attribute("rename", "oldName"), "web");
    assert_eq!(find("destroy")["Actor"]["ID"], "webs");
    for event in &of_container {
        assert_eq!(
            (&event["Type"], &event["scope"]),
            (&Value::from("container"), &Value::from("local"))
        );
        assert_eq!(event["Actor"]["Attributes"]["tier"], "front");
    }
    let of_network = told(&home, &["network=default"]);
    assert_eq!(actions(&of_network), ["connect", "disconnect"]);
    assert_eq!(of_network[0]["Actor"]["Attributes"]["container"], "web");
    home.assert_quiet();
}

#[test]
fn kills_restarts_and_removals_are_told() {
    let home = Home::new();
    home.run(["run", "--rm", "--name", "once", BUSYBOX, "sh", "-c", "exit 9"])
        .with_code(9);
    // The program may have ended before its client says that it was attached.
    let (attached, rest) = without(told(&home, &["container=once"]), "attach");
    assert_eq!(attached.len(), 1);
    assert_eq!(actions(&rest), ["create", "start", "die", "destroy"]);
    home.start_sleeper("web");
    home.run(["restart", "--time", "0", "web"]).success();
    home.run(["kill", "web"]).success();
    home.run(["start", "web"]).success();
    home.run(["delete", "--force", "web"]).success();
    // With no time to wait, it may have ended before it is killed.
    let (kills, rest) = without(told(&home, &["container=web"]), "kill");
    let expected = [
        "create", "start", "die", "stop", "start", "restart", "die", "start", "die", "destroy",
    ];
    assert_eq!(actions(&rest), expected);
    let is_forced = |kill: &&Value| kill["Actor"]["Attributes"]["signal"] == "9";
    assert!(kills.iter().filter(is_forced).count() >= 2, "{kills:?}");
    // One that fails to start is undone, or kept as it was asked for, and has no end.
    home.run(["run", "--rm", "--name", "never", BUSYBOX, "/no/such/program"])
        .with_code(127);
    let never = told(&home, &["container=never"]);
    assert!(!actions(&never).contains(&"die"), "{never:?}");
    assert_eq!(
        actions(&never).iter().filter(|action| **action == "destroy").count(),
        1,
        "{never:?}"
    );
}

/// The events of one action, and the others.
fn without(events: Vec<Value>, action: &str) -> (Vec<Value>, Vec<Value>) {
    events.into_iter().partition(|event| event["Action"] == action)
}

#[test]
fn what_happens_to_images_volumes_and_networks_is_told_and_filtered() {
    let home = Home::new();
    home.run(["volume", "create", "data"]).success();
    home.run(["network", "create", "back"]).success();
    home.run(["tag", BUSYBOX, "other:1"]).success();
    let archive = home.file("other.tar");
    let archive = archive.to_str().unwrap();
    home.run(["image", "save", "-o", archive, "other:1"]).success();
    home.run(["rmi", "other:1"]).success();
    home.run(["image", "load", "-i", archive]).success();
    home.run(["volume", "delete", "data"]).success();
    home.run(["network", "delete", "back"]).success();
    assert_eq!(actions(&told(&home, &["type=volume"])), ["create", "destroy"]);
    assert_eq!(actions(&told(&home, &["network=back"])), ["create", "destroy"]);
    assert_eq!(
        actions(&told(&home, &["image=other"])),
        ["tag", "save", "untag", "load"]
    );
    let both = told(&home, &["event=create", "type=volume", "type=network"]);
    assert_eq!(both.len(), 2, "{both:?}");
    // Docker's line.
    let lines = home
        .run(["events", "--since", "1h", "--until", "0s", "--filter", "volume=data"])
        .success()
        .text();
    let words: Vec<&str> = lines.lines().next().unwrap().split(' ').skip(1).collect();
    assert_eq!(words, ["volume", "create", "data", "(driver=local)"]);
    let same = home.run([
        "system",
        "events",
        "--since",
        "1h",
        "--until",
        "0s",
        "--filter",
        "volume=data",
    ]);
    assert_eq!(same.success().text(), lines);
    // Nothing is older than this, and a time to come is waited for.
    assert_eq!(home.run(["events", "--until", "2020-01-01"]).success().text(), "");
    home.run(["events", "--until", "-1s"]).success();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let home = Home::new();
    for (words, message) in [
        (&["--since", "1h", "--until", "2h"][..], "--since is after --until"),
        (&["--since", "yesterday"], "1h30m"),
        (&["--filter", "plugin=x"], "there are container"),
        (&["--filter", "type=daemon"], "is no type"),
        (&["--format", "table"], "json"),
        (&["--until", "0s", "web"], "unexpected argument"),
    ] {
        let words = ["events"].iter().chain(words);
        home.run(words).failure(64, &[message]);
    }
}

#[test]
fn events_that_cannot_be_told_disturb_nothing() {
    let home = Home::new();
    let events = home.app_root().join("events.log");
    let _ = fs::remove_file(&events);
    fs::create_dir(&events).unwrap();
    home.run(["volume", "create", "data"]).success();
    assert_eq!(home.shell("echo fine; exit 4").with_code(4).text(), "fine");
    fs::remove_dir(&events).unwrap();
    // What is left of a line whose writer had no room.
    fs::write(&events, "{\"Type\":\"vol").unwrap();
    home.run(["volume", "delete", "data"]).success();
    assert_eq!(actions(&told(&home, &[])), ["destroy"]);
}
