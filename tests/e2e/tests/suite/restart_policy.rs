//! Proves that `--restart` starts a container again as its policy says and keeps what belongs to it, and that users end that at any time.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, LOCALHOST, Process, Pty, eventually, fetch, free_port};
use serde_json::{Value, json};

/// Counts its starts on the container's own disk, and ends with 3.
const FAILING: &str = "echo x >> /starts; echo run $(wc -l < /starts); exit 3";

/// Ends with 3 when there is a file `/data/go`, and politely.
const UNTIL_TOLD: &str = "trap 'exit 0' TERM; while [ ! -e /data/go ]; do sleep 0.1; done; rm /data/go; exit 3";

fn is_in(home: &Home, name: &str, state: &str) -> bool {
    home.status(name)["state"] == state
}

fn restart_count(home: &Home, name: &str) -> u64 {
    home.status(name)["restartCount"].as_u64().unwrap()
}

/// What was observed of a container.
fn record(home: &Home, name: &str) -> Value {
    let path = home.app_root().join("containers").join(name).join("state.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_program_that_fails_is_started_again_on_the_same_disk_as_often_as_was_said() {
    let home = Home::new();
    home.run([
        "run",
        "-d",
        "--name",
        "flaky",
        "--restart",
        "on-failure:2",
        BUSYBOX,
        "sh",
        "-c",
        FAILING,
    ])
    .success();
    // Of whichever run, it is an end with 3.
    assert_eq!(home.run(["wait", "flaky"]).success().text(), "3");
    eventually("it has ended for good", 3 * COMMAND_LIMIT, || {
        is_in(&home, "flaky", "stopped")
    });
    assert_eq!(home.run(["logs", "flaky"]).text(), "run 1\nrun 2\nrun 3");
    let status = home.status("flaky");
    assert_eq!((&status["restartCount"], &status["exitCode"]), (&json!(2), &json!(3)));
    let options = home.run(["inspect", "--format", "{{json .configuration.options}}", "flaky"]);
    assert_eq!(
        options.success().json()["restartPolicy"],
        json!({ "name": "on-failure", "maximumRetryCount": 2 })
    );

    // In the foreground the output of all runs is shown, and the last exit is the command's own.
    let outcome = home.run([
        "run",
        "--name",
        "shown",
        "--restart",
        "on-failure:1",
        BUSYBOX,
        "sh",
        "-c",
        FAILING,
    ]);
    assert_eq!(outcome.with_code(3).text(), "run 1\nrun 2");
    home.run(["run", "--name", "fine", "--restart", "on-failure", BUSYBOX, "true"])
        .success();
    assert_eq!(restart_count(&home, "fine"), 0);
}

#[test]
fn a_container_that_restarts_is_shown_as_such_until_a_user_stops_it() {
    let home = Home::new();
    home.run([
        "run",
        "-d",
        "--name",
        "storm",
        "--restart",
        "always",
        BUSYBOX,
        "sh",
        "-c",
        "exit 1",
    ])
    .success();
    let shown = |format: &str| {
        let words = ["list", "--filter", "status=restarting", "--format", format];
        home.run(words).success().text()
    };
    // Sooner or later it is waited for longer than the commands take.
    eventually("it is seen waiting", 3 * COMMAND_LIMIT, || {
        shown("{{.Names}} {{.State}} {{.Status}}").starts_with("storm restarting Restarting (1) ")
    });
    eventually("its last exit is shown", 3 * COMMAND_LIMIT, || {
        let status = home.status("storm");
        status["state"] == "restarting" && status["exitCode"] == 1 && status["finishedDate"].is_string()
    });
    home.run(["delete", "storm"]).failure(1, &["storm"]);
    // It counts as running, so that this is no start.
    home.run(["start", "storm"]).success();
    home.run(["stop", "storm"]).success();
    let status = home.status("storm");
    assert_eq!(status["state"], "stopped");
    assert!(status["restartCount"].as_u64().unwrap() > 0, "{status}");
    assert_eq!(record(&home, "storm")["stopped_by_user"], true);
    home.assert_quiet();

    // Killed, and by force: the same.
    for end in [
        &["kill", "storm"][..],
        &["kill", "--signal", "TERM", "storm"],
        &["delete", "--force", "storm"],
    ] {
        home.run(["start", "storm"]).success();
        eventually("it has restarted", COMMAND_LIMIT, || restart_count(&home, "storm") > 0);
        home.run(end).success();
        eventually("it has ended", COMMAND_LIMIT, || {
            !home.run(["list", "--quiet"]).success().text().contains("storm")
        });
        home.assert_quiet();
    }
}

#[test]
fn what_a_user_ends_is_not_started_again_and_what_the_host_ends_is_on_record() {
    let home = Home::new();
    let start = |name: &str| {
        let flags = [
            "run",
            "-d",
            "--name",
            name,
            "--restart",
            "unless-stopped",
            BUSYBOX,
            "sh",
            "-c",
        ];
        home.run(flags.iter().chain(&[UNTIL_TOLD])).success();
        home.run(["exec", name, "mkdir", "/data"]).success();
    };
    start("polite");
    eventually("it heeds the signal", COMMAND_LIMIT, || {
        let _ = home.run(["kill", "--signal", "TERM", "polite"]);
        is_in(&home, "polite", "stopped")
    });
    assert_eq!(restart_count(&home, "polite"), 0);
    assert_eq!(record(&home, "polite")["stopped_by_user"], true);

    // As at the end of the host.
    start("patient");
    let launchers = home.processes().into_iter().filter(Process::is_launcher);
    for launcher in launchers {
        let pid = rustix::process::Pid::from_raw(launcher.id).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
    eventually("it has ended", COMMAND_LIMIT, || is_in(&home, "patient", "stopped"));
    assert!(record(&home, "patient").get("stopped_by_user").is_none());

    // Started and restarted by hand: both count from nothing.
    home.run(["start", "polite"]).success();
    assert!(record(&home, "polite").get("stopped_by_user").is_none());
    home.run(["exec", "polite", "touch", "/data/go"]);
    eventually("it was started again", COMMAND_LIMIT, || {
        restart_count(&home, "polite") == 1 && is_in(&home, "polite", "running")
    });
    home.run(["restart", "polite"]).success();
    assert_eq!(restart_count(&home, "polite"), 0);
    assert_eq!(home.status("polite")["state"], "running");
}

#[test]
fn networks_ports_and_volumes_are_there_in_the_next_run() {
    let home = Home::new();
    for network in ["left", "right"] {
        home.run(["network", "create", network]).success();
    }
    let port = free_port();
    let script = format!("mkdir -p /www; hostname > /www/name; httpd -p 80 -h /www; {UNTIL_TOLD}");
    let published = format!("127.0.0.1:{port}:80");
    home.run([
        "run",
        "-d",
        "--name",
        "web",
        "--restart",
        "always",
        "--network",
        "left",
        "-p",
        &published,
        "-v",
        "kept:/data",
        BUSYBOX,
        "sh",
        "-c",
        &script,
    ])
    .success();
    home.run(["network", "connect", "right", "web"]).success();
    let interfaces = home.interfaces("web");
    assert_eq!(interfaces.len(), 2);
    home.guest("web", "echo kept > /data/file").success();
    // The program may end before the answer is here.
    home.guest("web", "touch /data/go");
    eventually("it was started again", COMMAND_LIMIT, || {
        restart_count(&home, "web") == 1 && is_in(&home, "web", "running")
    });
    assert_eq!(home.interfaces("web"), interfaces);
    eventually("its port leads into it", COMMAND_LIMIT, || {
        fetch(LOCALHOST, port, "/name").is_ok_and(|page| page.contains("web"))
    });
    assert_eq!(home.guest("web", "cat /data/file").success().text(), "kept");
    let addresses = home.guest("web", "ip address show eth1").success().text();
    assert!(addresses.contains(&interfaces[1].ipv4.to_string()), "{addresses}");
}

#[test]
fn a_terminal_stays_attached_from_one_run_to_the_next() {
    let home = Home::new();
    let script = "tty; stty size; read answer; echo got $answer; exit 5";
    let words = [
        "run",
        "-it",
        "--name",
        "shell",
        "--restart",
        "on-failure:1",
        BUSYBOX,
        "sh",
        "-c",
        script,
    ];
    let mut pty = Pty::spawn(&home.command(words));
    for answer in ["one", "two"] {
        assert!(pty.expect("24 80").contains("/dev/pts/0"));
        pty.send(&format!("{answer}\r"));
        pty.expect(&format!("got {answer}"));
    }
    assert_eq!(pty.wait(), 5);
    assert!(pty.is_cooked());
}

#[test]
fn what_cannot_be_restarted_is_refused_or_ends() {
    let home = Home::new();
    for verb in ["run", "create"] {
        home.run([verb, "--rm", "--restart", "always", BUSYBOX, "true"])
            .failure(64, &["conflicting options: cannot specify both --restart and --rm"]);
    }
    home.run(["run", "--rm", "--restart", "no", BUSYBOX, "true"]).success();
    home.run(["run", "-d", "--name", "nothing", "--restart", "always", BUSYBOX, "nope"])
        .failure(127, &["nope"]);
    home.assert_quiet();
}
