//! Proves that checks of flags and images say whether containers work, that this is shown as Docker shows it, and that checks end with what they are of.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, context, eventually};
use serde_json::{Value, json};

/// A check that waits until it is told to go on, and says then whether something is broken.
const TOLD: &str = "while [ ! -e /go ]; do sleep 0.05; done; echo checked; [ ! -e /broken ]";

/// Starts a container with these flags that does nothing.
fn start(home: &Home, name: &str, flags: &[&str], image: &str) {
    let words = ["run", "-d", "--name", name];
    home.run(words.iter().chain(flags).chain(&[image, "sleep", "100000"]))
        .success();
}

fn health(home: &Home, name: &str) -> Value {
    home.status(name)["health"].clone()
}

#[track_caller]
fn wait_for(home: &Home, name: &str, status: &str) {
    eventually(status, COMMAND_LIMIT, || health(home, name)["status"] == status);
}

fn exit_codes(health: &Value) -> Vec<i64> {
    let log = health["log"].as_array().unwrap();
    log.iter().map(|result| result["exitCode"].as_i64().unwrap()).collect()
}

fn template(home: &Home, name: &str, template: &str) -> String {
    home.run(["inspect", "--format", template, name]).success().text()
}

/// The containers that a filter finds, with their status.
fn found(home: &Home, filter: &str) -> String {
    let words = ["ps", "-a", "--filter", filter, "--format", "{{.Names}} {{.Status}}"];
    home.run(words).success().text()
}

#[test]
fn a_container_becomes_healthy_and_unhealthy_and_healthy_again() {
    let home = Home::new();
    let flags = [
        "--health-cmd",
        TOLD,
        "--health-interval",
        "100ms",
        "--health-retries",
        "2",
    ];
    start(&home, "web", &flags, BUSYBOX);
    assert_eq!(
        health(&home, "web"),
        json!({ "status": "starting", "failingStreak": 0, "log": [] })
    );
    let shown = found(&home, "health=starting");
    assert!(
        shown.starts_with("web Up ") && shown.ends_with(" (health: starting)"),
        "{shown}"
    );
    assert_eq!(
        template(&home, "web", "{{.State.Status}} {{.State.Health.Status}}"),
        "running starting"
    );

    home.run(["exec", "web", "touch", "/go"]).success();
    wait_for(&home, "web", "healthy");
    assert!(found(&home, "health=healthy").ends_with(" (healthy)"));
    assert_eq!(found(&home, "health=starting"), "");
    assert_eq!(
        template(&home, "web", "{{(index .State.Health.Log 0).Output}}"),
        "checked"
    );

    home.run(["exec", "web", "touch", "/broken"]).success();
    wait_for(&home, "web", "unhealthy");
    let unhealthy = health(&home, "web");
    assert!(unhealthy["failingStreak"].as_u64().unwrap() >= 2, "{unhealthy}");
    let codes = exit_codes(&unhealthy);
    assert!(codes.ends_with(&[1, 1]) && codes.len() <= 5, "{unhealthy}");
    assert!(found(&home, "health=unhealthy").ends_with(" (unhealthy)"));
    let last = template(&home, "web", "{{range .State.Health.Log}}{{.ExitCode}};{{end}}");
    assert!(last.ends_with("1;1;"), "{last}");

    home.run(["exec", "web", "rm", "/broken"]).success();
    wait_for(&home, "web", "healthy");
    home.run(["stop", "--time", "0", "web"]).success();
    let last = health(&home, "web");
    assert_eq!(
        (&last["status"], &last["failingStreak"]),
        (&json!("healthy"), &json!(0))
    );
    assert!(found(&home, "health=healthy").starts_with("web Exited "));

    let words = [
        "events",
        "--since",
        "1970-01-01",
        "--until",
        "0s",
        "--filter",
        "event=health_status",
    ];
    let told = home.run(words.iter().chain(&["--format", "{{.Actor.ID}} {{.Action}}"]));
    assert_eq!(
        told.success().text(),
        "web health_status: healthy\nweb health_status: unhealthy\nweb health_status: healthy"
    );
    home.run(["start", "web"]).success();
    // It has the files of the run before.
    wait_for(&home, "web", "healthy");
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

#[test]
fn a_check_that_takes_too_long_is_killed() {
    let home = Home::new();
    let flags = [
        "--health-cmd",
        "exec sleep 4321",
        "--health-interval",
        "100ms",
        "--health-timeout",
        "1s",
        "--health-retries",
        "2",
    ];
    start(&home, "web", &flags, BUSYBOX);
    wait_for(&home, "web", "unhealthy");
    let unhealthy = health(&home, "web");
    assert_eq!(exit_codes(&unhealthy)[..2], [-1, -1]);
    assert_eq!(unhealthy["log"][0]["output"], "Health check exceeded timeout (1s)");
    // The one before has gone when the next one comes.
    let processes = home.run(["top", "web"]).success().text();
    assert!(processes.matches("sleep 4321").count() <= 1, "{processes}");
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

#[test]
fn the_check_of_an_image_runs_unless_a_flag_says_otherwise() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX}\nENV PLACE=/ok\nHEALTHCHECK --interval=100ms --retries=1 --start-interval=7s CMD test -e $PLACE || {{ echo missing; exit 7; }}\n"
    );
    let context = context(&home, &dockerfile, &[]);
    home.run(["build", "-t", "localhost/checked:1", context.to_str().unwrap()])
        .success();
    start(&home, "built", &[], "localhost/checked:1");
    wait_for(&home, "built", "unhealthy");
    let first = &health(&home, "built")["log"][0];
    assert_eq!((&first["exitCode"], &first["output"]), (&json!(7), &json!("missing\n")));
    home.run(["exec", "built", "touch", "/ok"]).success();
    wait_for(&home, "built", "healthy");

    // Field by field.
    let flags = [
        "--health-cmd",
        "true",
        "--health-timeout",
        "1m30s",
        "--health-start-period",
        "0",
    ];
    start(&home, "own", &flags, "localhost/checked:1");
    wait_for(&home, "own", "healthy");
    let check = home.run(["inspect", "--format", "{{json .configuration.healthCheck}}", "own"]);
    assert_eq!(
        check.success().json(),
        json!({
            "test": ["CMD-SHELL", "true"], "intervalNs": 100_000_000, "timeoutNs": 90_000_000_000_u64,
            "startPeriodNs": 0, "startIntervalNs": 7_000_000_000_u64, "retries": 1,
        })
    );

    start(&home, "none", &["--no-healthcheck"], "localhost/checked:1");
    assert_eq!(health(&home, "none"), Value::Null);
    let shown = found(&home, "health=none");
    assert!(shown.starts_with("none Up ") && !shown.contains('('), "{shown}");
    home.run(["inspect", "--format", "{{.State.Health.Status}}", "none"])
        .failure(64, &["Health"]);
    home.run(["commit", "none", "localhost/unchecked:1"]).success();
    start(&home, "after", &[], "localhost/unchecked:1");
    assert_eq!(health(&home, "after"), Value::Null);
    for name in ["built", "own", "none", "after"] {
        home.run(["delete", "--force", name]).success();
    }
    home.assert_quiet();
}

#[test]
fn a_pause_is_no_failure_and_neither_pause_nor_stop_waits_for_a_check() {
    let home = Home::new();
    let flags = [
        "--health-cmd",
        TOLD,
        "--health-interval",
        "10ms",
        "--health-timeout",
        "10m",
    ];
    start(&home, "web", &flags, BUSYBOX);
    let is_checked = || home.run(["top", "web"]).success().text().contains("while [");
    eventually("a check is going on", COMMAND_LIMIT, is_checked);
    home.run(["pause", "web"]).success();
    assert!(found(&home, "health=starting").ends_with(" (Paused)"));
    home.run(["unpause", "web"]).success();
    home.run(["exec", "web", "touch", "/go"]).success();
    wait_for(&home, "web", "healthy");
    let healthy = health(&home, "web");
    assert!(exit_codes(&healthy).iter().all(|code| *code == 0), "{healthy}");

    // One that goes on for ever does not keep the container.
    home.run(["exec", "web", "rm", "/go"]).success();
    eventually("a check is going on", COMMAND_LIMIT, is_checked);
    home.run(["stop", "--time", "0", "web"]).success();
    assert_eq!(health(&home, "web")["status"], "healthy");
    home.assert_quiet();
}

#[test]
fn what_contradicts_itself_is_refused() {
    let home = Home::new();
    for flag in ["--health-cmd=true", "--health-interval=1s", "--health-retries=1"] {
        home.run(["create", "--no-healthcheck", flag, BUSYBOX, "true"])
            .failure(64, &["--no-healthcheck conflicts with --health-* options"]);
    }
    home.run(["list", "--filter", "health=ill"])
        .failure(64, &["starting, healthy, unhealthy, none"]);
    // Without a test there is nothing to check.
    home.run(["create", "--name", "web", "--health-interval", "1s", BUSYBOX, "true"])
        .success();
    assert_eq!(found(&home, "health=none"), "web Created");
}
