//! Proves that `stats` tells what containers use: once, again and again, and of those that stand still or end meanwhile.

use std::fs::{File, read_to_string};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Pty, eventually};
use serde_json::Value;

const MIB: u64 = 1 << 20;

/// The one object of a container that runs.
#[track_caller]
fn figures(home: &Home, name: &str) -> Value {
    let told = home.run(["stats", "--format", "json", name]).success().json();
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    told[0].clone()
}

#[track_caller]
fn figure(of: &Value, key: &str) -> u64 {
    of[key].as_u64().unwrap_or_else(|| panic!("no {key} in {of}"))
}

#[test]
fn what_a_container_does_is_counted() {
    let home = Home::new();
    home.run(["run", "-d", "--name", "web", "-m", "256m", BUSYBOX, "sleep", "100000"])
        .success();
    let before = figures(&home, "web");
    assert_eq!(before["id"], "web");
    // What the machine has is a little less than it was given.
    let limit = figure(&before, "memoryLimitBytes");
    assert!((128 * MIB..=256 * MIB).contains(&limit), "{before}");
    assert_eq!(figure(&before, "numProcesses"), 1);
    assert!(figure(&before, "memoryUsageBytes") <= limit, "{before}");
    assert!(
        figure(&before, "memoryCacheBytes") <= figure(&before, "memoryUsageBytes"),
        "{before}"
    );

    let work = "dd if=/dev/urandom of=/file bs=65536 count=64 conv=fsync; nslookup web; true";
    home.run(["exec", "web", "sh", "-c", work]).success();
    home.run(["exec", "-d", "web", "sleep", "100000"]).success();
    eventually("all of it is counted", COMMAND_LIMIT, || {
        let now = figures(&home, "web");
        let more = |key: &str| figure(&now, key).saturating_sub(figure(&before, key));
        more("blockWriteBytes") >= 4 * MIB
            && more("cpuUsageUsec") > 0
            && more("networkRxBytes") > 0
            && more("networkTxBytes") > 0
            && more("numProcesses") == 1
    });

    // Two looks: there is a share of the processor.
    let table = home.run(["stats", "--no-stream"]).success().text();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert_eq!(
        lines[0]
            .split("  ")
            .filter(|cell| !cell.is_empty())
            .map(str::trim)
            .collect::<Vec<_>>(),
        [
            "Container ID",
            "Cpu %",
            "Memory Usage",
            "Net Rx/Tx",
            "Block I/O",
            "Pids"
        ]
    );
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!((cells[0], cells.last()), ("web", Some(&"2")), "{table}");
    assert!(cells[1].ends_with('%') && !table.contains("--"), "{table}");
    let shown = home
        .run([
            "stats",
            "--no-stream",
            "--format",
            "{{.Name}} {{.PIDs}} {{.CPUPerc}}",
            "web",
        ])
        .success()
        .text();
    assert!(shown.starts_with("web 2 ") && shown.ends_with('%'), "{shown}");
    home.run(["stats", "--no-stream", "--format", "{{.Names}}", "web"])
        .failure(64, &["--format", ".Names"]);
}

#[test]
fn those_that_do_not_run_stand_still_or_are_not_there_are_told_apart() {
    let home = Home::new();
    home.run(["stats", "--no-stream"]).success();
    home.run(["create", "--name", "web", BUSYBOX, "sleep", "100000"])
        .success();
    let objects = |words: &[&str]| {
        let words = [&["stats", "--format", "json"], words].concat();
        home.run(words).success().json()
    };
    assert_eq!(objects(&[]), serde_json::json!([]));
    assert_eq!(objects(&["web"]), serde_json::json!([]));
    assert_eq!(objects(&["-a"]), serde_json::json!([{ "id": "web" }]));
    let one_line = |words: &[&str]| {
        let words = [&["stats", "--no-stream"], words].concat();
        home.run(words).success().text().lines().nth(1).map(str::to_owned)
    };
    assert_eq!(one_line(&[]), None);
    for words in [&["web"][..], &["--all"]] {
        let line = one_line(words).unwrap();
        assert!(line.starts_with("web ") && line.contains("-- / --"), "{line}");
    }
    home.run(["stats", "--no-stream", "web", "nothere"])
        .failure(1, &["nothere", "not found"]);

    home.run(["start", "web"]).success();
    home.run(["pause", "web"]).success();
    let (first, second) = (figures(&home, "web"), figures(&home, "web"));
    assert_eq!(first["cpuUsageUsec"], second["cpuUsageUsec"], "nothing runs");
    let line = one_line(&[]).unwrap();
    assert_eq!(line.split_whitespace().nth(1), Some("0.00%"), "{line}");
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

#[test]
fn tables_follow_each_other_until_the_container_is_gone() {
    let home = Home::new();
    home.start_sleeper("web");
    let path = home.file("stats");
    let mut command = home.command(["stats", "web"]);
    command.stdout(File::create(&path).unwrap());
    let mut following = command.spawn().unwrap();
    let lines_with = |word: &str| {
        let text = read_to_string(&path).unwrap();
        text.lines()
            .filter(|line| line.starts_with("web ") && line.contains(word))
            .count()
    };
    eventually("there are tables", COMMAND_LIMIT, || lines_with("%") >= 2);
    home.run(["stop", "web"]).success();
    eventually("it is seen to have ended", COMMAND_LIMIT, || {
        lines_with(" -- / -- ") >= 1
    });
    home.run(["start", "web"]).success();
    let before = lines_with("%");
    eventually("it is seen to run again", COMMAND_LIMIT, || lines_with("%") > before);
    home.run(["delete", "--force", "web"]).success();
    eventually("the command ends", COMMAND_LIMIT, || {
        following.try_wait().unwrap().is_some()
    });
    assert!(following.wait().unwrap().success());
    home.assert_quiet();
}

#[test]
fn a_terminal_shows_the_total_until_it_is_interrupted() {
    let home = Home::new();
    home.start_sleeper("web");
    let mut pty = Pty::spawn(&home.command(["stats"]));
    pty.expect("web ");
    home.start_sleeper("db");
    pty.expect("total of 2");
    pty.send("\x03");
    assert_eq!(pty.wait(), 0);
    let objects = home.run(["stats", "--format", "json"]).success().json();
    assert_eq!(objects.as_array().unwrap().len(), 2);

    // A reader that goes away ends it.
    let mut command = home.command(["stats"]);
    let mut read = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(read.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.starts_with("Container ID "), "{first}");
    eventually("the command ends", COMMAND_LIMIT, || read.try_wait().unwrap().is_some());
    home.run(["delete", "--force", "web", "db"]).success();
    home.assert_quiet();
}
