//! Proves that two commands at one container at once answer truthfully: what they say fits what is there afterwards, whichever was first, and nothing
//! half-made is left.

use container_e2e::{BUSYBOX, Home, Outcome};
use serde_json::Value;

/// How often each pair is at a container, unless `E2E_ROUNDS` says otherwise.
const ROUNDS: usize = 2;

/// The name of the container.
const NAME: &str = "web";

/// Ends at once when it is asked to.
const SLEEPER: &str = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";

/// What two commands have answered, and what is there then.
struct Round<'a> {
    home: &'a Home,
    first: Outcome,
    second: Outcome,
}

impl Round<'_> {
    /// The container of this name, if there is one, as `inspect` shows it.
    fn shown(&self, name: &str) -> Option<Value> {
        let shown = self.home.run(["inspect", name]);
        match shown.code {
            0 => Some(shown.json()[0].clone()),
            _ => {
                assert!(shown.stderr.contains("not found"), "{shown:?}");
                None
            }
        }
    }

    /// Its state; nothing when there is none.
    fn state(&self) -> String {
        let shown = self.shown(NAME).unwrap_or_default();
        shown["status"]["state"].as_str().unwrap_or_default().to_owned()
    }

    /// What the commands have said, for messages.
    fn said(&self) -> String {
        format!("{:?}\n{:?}\nstate {:?}", self.first, self.second, self.state())
    }

    #[track_caller]
    fn check(&self, holds: bool) {
        assert!(holds, "{}", self.said());
    }
}

/// Has two commands at a container at once, round after round. The container runs before that if `is_running` says so.
fn rounds(is_running: bool, first: &[&str], second: &[&str], check: impl Fn(&Round<'_>)) {
    let count = std::env::var("E2E_ROUNDS").ok().and_then(|text| text.parse().ok());
    let home = Home::new();
    for _ in 0..count.unwrap_or(ROUNDS) {
        let verb: &[&str] = match is_running {
            true => &["run", "-d"],
            false => &["create"],
        };
        let small = [
            "--name", NAME, "-m", "200m", "--cpus", "1", BUSYBOX, "sh", "-c", SLEEPER,
        ];
        home.run(verb.iter().chain(&small)).success();
        let [first, second] = [first, second].map(|words| home.spawn(words));
        let round = Round {
            home: &home,
            first: first.wait(),
            second: second.wait(),
        };
        for outcome in [&round.first, &round.second] {
            let explains = outcome.code == 0 || outcome.stderr.contains("Error: ") || outcome.code == 137;
            round.check(explains && !outcome.stderr.contains("panicked"));
        }
        check(&round);
        for name in home.run(["list", "-a", "-q"]).success().text().lines() {
            home.run(["delete", "--force", name]).success();
        }
        let containers = home.app_root().join("containers");
        let left: Vec<_> = std::fs::read_dir(containers).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
        home.assert_quiet();
    }
}

#[test]
fn stop_and_delete() {
    rounds(true, &["stop", NAME], &["delete", NAME], |round| {
        round.check(round.first.code == 0);
        match round.second.code {
            0 => round.check(round.shown(NAME).is_none()),
            _ => round.check(round.state() == "stopped" && round.second.stderr.contains("cannot delete")),
        }
    });
}

#[test]
fn start_and_start() {
    rounds(false, &["start", NAME], &["start", NAME], |round| {
        round.check(round.state() == "running");
        let commands = [&round.first, &round.second];
        let says_so = |outcome: &Outcome| outcome.code == 0 || outcome.stderr.contains("is running, or about to be");
        round.check(commands.iter().all(|outcome| says_so(outcome)));
        round.check(commands.iter().any(|outcome| outcome.code == 0));
    });
}

#[test]
fn exec_and_stop() {
    rounds(true, &["exec", NAME, "echo", "here"], &["stop", NAME], |round| {
        round.check(round.second.code == 0 && round.state() == "stopped");
        match round.first.code {
            0 => round.check(round.first.text() == "here"),
            // The end of the container may be its own, after it has written.
            137 => {}
            _ => round.check(round.first.text().is_empty()),
        }
    });
}

#[test]
fn start_and_forced_delete() {
    rounds(false, &["start", NAME], &["delete", "--force", NAME], |round| {
        match round.second.code {
            0 => round.check(round.shown(NAME).is_none()),
            _ => round.check(round.shown(NAME).is_some()),
        }
        // Whether it was started before that or not.
        round.check(round.first.code == 0 || round.state() != "running");
    });
}

#[test]
fn restart_and_rename() {
    rounds(
        true,
        &["restart", NAME],
        &["rename", NAME, "shop"],
        |round| match round.second.code {
            0 => {
                round.check(round.first.code != 0 && round.shown(NAME).is_none());
                round.check(round.shown("shop").is_some());
            }
            _ => {
                round.check(round.first.code == 0 && round.state() == "running");
                round.check(round.shown("shop").is_none());
            }
        },
    );
}

#[test]
fn update_and_stop() {
    let update = ["update", "--pids-limit", "64", "--memory", "201m", NAME];
    rounds(true, &update, &["stop", NAME], |round| {
        round.check(round.first.code == 0 && round.second.code == 0 && round.state() == "stopped");
        let resources = &round.shown(NAME).unwrap()["configuration"]["resources"];
        assert_eq!(resources["memoryInBytes"], 201 << 20, "{}", round.said());
    });
}

#[test]
fn update_and_start() {
    let update = ["update", "--pids-limit", "64", NAME];
    rounds(false, &update, &["start", NAME], |round| {
        round.check(round.first.code == 0 && round.second.code == 0 && round.state() == "running");
        let limit = round.home.run(["exec", NAME, "cat", "/sys/fs/cgroup/pids.max"]);
        assert_eq!(limit.success().text(), "64", "{}", round.said());
    });
}

#[test]
fn update_and_rename_and_delete() {
    let update = ["update", "--restart", "always", NAME];
    rounds(false, &update, &["rename", NAME, "shop"], |round| {
        round.check(round.second.code == 0);
        let shown = round.shown("shop").unwrap();
        let policy = &shown["configuration"]["options"]["restartPolicy"]["name"];
        round.check((round.first.code == 0) == (policy == "always"));
    });
    rounds(false, &update, &["delete", NAME], |round| {
        match round.second.code {
            0 => round.check(round.shown(NAME).is_none()),
            _ => round.check(round.first.code == 0 && round.state() == "stopped"),
        }
        round.check(round.first.code == 0 || round.first.stderr.contains("not found"));
    });
}

#[test]
fn kill_and_restart() {
    rounds(true, &["kill", NAME], &["restart", NAME], |round| {
        // It may have been the program of the new run that was killed.
        let state = round.state();
        round.check(state == "running" || state == "stopped");
        round.check(round.second.code == 0 || state == "stopped");
        round.check(round.first.code == 0 || round.first.stderr.contains("cannot kill"));
    });
}

#[test]
fn pause_and_stop() {
    rounds(true, &["pause", NAME], &["stop", NAME], |round| {
        round.check(round.second.code == 0 && round.state() == "stopped");
    });
}
