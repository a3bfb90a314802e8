//! Proves that what the kernel kills for lack of memory is told with its name: to those who run it, to those who follow events, and on record.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};
use serde_json::Value;

/// Less than what the eater asks for, which its machine still has to have.
const MEMORY: &str = "200m";

/// A program with that name, at most 15 bytes, that asks for more memory than a container with [`MEMORY`] has. It uses it up within one system call: one that
/// runs meanwhile may do so for long, because the kernel takes the pages of its program away and reads them again.
fn eater(name: &str) -> String {
    format!(r#"ln -s /bin/busybox "/tmp/{name}"; exec -a dd "/tmp/{name}" if=/dev/zero of=/dev/null bs=250M count=1"#)
}

/// The attributes of what was told of kills in `container`.
fn told(home: &Home, container: &str) -> Vec<Value> {
    let filter = format!("container={container}");
    let text = home
        .run([
            "events",
            "--since",
            "1970-01-01",
            "--until",
            "0s",
            "--format",
            "json",
            "--filter",
            &filter,
            "--filter",
            "event=oom",
        ])
        .success()
        .text();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.map(|event| event["Actor"]["Attributes"].clone()).collect()
}

#[test]
fn a_first_process_that_is_killed_is_named_whatever_it_calls_itself() {
    let home = Home::new();
    let outcome = home.run([
        "run",
        "--name",
        "eater",
        "-m",
        MEMORY,
        BUSYBOX,
        "sh",
        "-c",
        &eater("a) (b"),
    ]);
    assert_eq!(outcome.code, 137, "{outcome:?}");
    let warning = r#"Warning: the kernel has killed "a) (b" (process 1) for lack of memory"#;
    assert!(outcome.stderr.contains(warning), "{outcome:?}");
    assert!(outcome.stderr.contains("--memory"), "{outcome:?}");
    let status = home.status("eater");
    assert_eq!(status["oomKilled"], true);
    let kills = &status["oomKills"];
    assert_eq!(
        (&kills["count"], &kills["process"], &kills["pid"]),
        (&1.into(), &"a) (b".into(), &1.into()),
        "{kills}"
    );
    assert!(kills["residentBytes"].as_u64().unwrap() > 50_000_000, "{kills}");
    let told = told(&home, "eater");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["process"], &told[0]["pid"]), (&"a) (b".into(), &"1".into()));
    let template = "{{.State.OOMKilled}} {{.State.ExitCode}}";
    let shown = home.run(["inspect", "--format", template, "eater"]).success().text();
    assert_eq!(shown, "true 137");
}

#[test]
fn the_kill_of_a_child_is_told_while_the_container_goes_on() {
    let home = Home::new();
    let script = r#"trap 'exit 0' TERM; sh -c "$1"; echo "ended with $?"; while :; do sleep 0.1; done"#;
    home.run([
        "run",
        "-d",
        "--name",
        "parent",
        "-m",
        MEMORY,
        BUSYBOX,
        "sh",
        "-c",
        script,
        "sh",
        &eater("greedy child"),
    ])
    .success();
    eventually("the kill is told", COMMAND_LIMIT, || !told(&home, "parent").is_empty());
    let told_first = told(&home, "parent");
    assert_eq!(told_first[0]["process"], "greedy child", "{told_first:?}");
    eventually("its parent goes on", COMMAND_LIMIT, || {
        home.run(["logs", "parent"]).text() == "ended with 137"
    });
    let status = home.status("parent");
    assert_eq!(status["state"], "running");
    assert_eq!(
        (&status["oomKills"]["count"], &status["oomKills"]["process"]),
        (&1.into(), &"greedy child".into())
    );

    let exec = home.run(["exec", "parent", "sh", "-c", &eater("executed")]);
    assert_eq!(exec.code, 137, "{exec:?}");
    assert!(
        exec.stderr.contains(r#"the kernel has killed "executed" (process "#),
        "{exec:?}"
    );
    eventually("both are on record", COMMAND_LIMIT, || {
        home.status("parent")["oomKills"]["count"] == 2
    });
    home.run(["stop", "--time", "60", "parent"]).success();
    let status = home.status("parent");
    assert_eq!((&status["exitCode"], &status["oomKilled"]), (&0.into(), &false.into()));
    assert_eq!(status["oomKills"]["process"], "executed");
    assert_eq!(told(&home, "parent").len(), 2);

    home.run(["start", "parent"]).success();
    assert_eq!(home.status("parent")["oomKills"], Value::Null);
}

#[test]
fn a_program_that_may_write_to_the_kernels_log_cannot_forge_a_kill() {
    let home = Home::new();
    let forged = "Memory cgroup out of memory: Killed process 1 (forged) total-vm:1kB, anon-rss:1kB";
    // Before and after the kernel's own record.
    let script = format!(
        r#"for prefix in '<3>' '<11>' ''; do echo "${{prefix}}{forged}" > /dev/kmsg; done; sh -c "$1"; echo '{forged}' > /dev/kmsg; exit 137"#
    );
    let outcome = home.run([
        "run",
        "--privileged",
        "--name",
        "forger",
        "-m",
        MEMORY,
        BUSYBOX,
        "sh",
        "-c",
        &script,
        "sh",
        &eater("real"),
    ]);
    assert_eq!(outcome.code, 137, "{outcome:?}");
    assert!(
        outcome.stderr.contains(r#"the kernel has killed "real""#),
        "{outcome:?}"
    );
    let kills = &home.status("forger")["oomKills"];
    assert_eq!(
        (&kills["count"], &kills["process"]),
        (&1.into(), &"real".into()),
        "{kills}"
    );
}
