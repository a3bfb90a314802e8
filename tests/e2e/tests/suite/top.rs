//! Proves that `top` shows the processes of a container without any program in it.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};

#[test]
fn top_shows_the_processes_of_the_container_and_no_others() {
    let home = Home::new();
    home.run(["top", "web", "-ef"]).failure(64, &["ps"]);
    home.run([
        "create",
        "-t",
        "--name",
        "web",
        BUSYBOX,
        "sh",
        "-c",
        "sleep 1000 & wait",
    ])
    .success();
    home.run(["top", "web"]).failure(1, &["web", "stopped"]);
    home.run(["start", "web"]).success();
    home.run(["exec", "-d", "-u", "33", "web", "sleep", "2000"]).success();
    let shown = || home.run(["top", "web", "--format", "json"]).success().json();
    // A process has its parent's words until it executes its own program.
    eventually("all run their programs", COMMAND_LIMIT, || {
        let shown = shown();
        let runs = |command: &str| {
            shown
                .as_array()
                .unwrap()
                .iter()
                .any(|process| process["command"] == command)
        };
        shown.as_array().unwrap().len() == 3 && runs("sleep 1000") && runs("sleep 2000")
    });
    let shown = shown();
    let process = |command: &str| {
        let processes = shown.as_array().unwrap().iter();
        let mut found = processes.filter(|process| process["command"] == command);
        found.next().unwrap_or_else(|| panic!("no {command:?} in {shown}"))
    };
    let first = process("sh -c sleep 1000 & wait");
    assert_eq!((&first["pid"], &first["ppid"]), (&1.into(), &0.into()));
    assert_eq!((&first["uid"], &first["tty"]), (&0.into(), &"pts/0".into()));
    assert_eq!(process("sleep 1000")["ppid"], 1);
    let other = process("sleep 2000");
    assert_eq!((&other["ppid"], &other["uid"]), (&0.into(), &33.into()));
    assert!(other["tty"].is_null(), "{other}");

    // The table, of processes that stand still.
    home.run(["pause", "web"]).success();
    let table = home.run(["top", "web"]).success().text();
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(
        lines.next().unwrap(),
        ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    );
    assert_eq!(lines.next().unwrap()[7..], ["sh", "-c", "sleep", "1000", "&", "wait"]);
    assert_eq!(lines.count(), 2);
}
