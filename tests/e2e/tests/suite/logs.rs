//! Proves that `logs` shows the output of all starts completely, streams apart, chosen by line and time, follows it to its end, keeps within
//! the bounds that were asked for, and has the machine's console.

use std::fs;
use std::path::PathBuf;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Process, Pty, eventually};

/// Runs a script in a container with a log, to its end.
fn ran(home: &Home, name: &str, flags: &[&str], script: &str) {
    let words = [&["run", "--name", name], flags, &[BUSYBOX, "sh", "-c", script]].concat();
    home.run(words).success();
}

/// What `logs` shows on standard output.
fn logs(home: &Home, flags: &[&str], name: &str) -> String {
    home.run([&["logs"], flags, &[name]].concat()).success().text()
}

/// Bytes of the files of a container's log.
fn log_files(home: &Home, name: &str) -> Vec<u64> {
    let directory = home.app_root().join("containers").join(name).join("output");
    let files = fs::read_dir(directory).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).collect()
}

#[test]
fn both_streams_of_all_starts_are_kept_apart() {
    let home = Home::new();
    ran(&home, "talker", &[], "echo one; echo two >&2; echo; printf three");
    let log = home.run(["logs", "talker"]).success();
    assert_eq!(
        (log.stdout.as_slice(), log.stderr.as_str()),
        (&b"one\n\nthree"[..], "two\n")
    );
    home.run(["start", "-a", "talker"]).success();
    let log = home.run(["logs", "talker"]).success();
    // The last line of the first start did not end.
    let expected = (&b"one\n\nthree\none\n\nthree"[..], "two\ntwo\n");
    assert_eq!((log.stdout.as_slice(), log.stderr.as_str()), expected);
}

#[test]
fn lines_are_chosen_by_number_and_time() {
    let home = Home::new();
    ran(&home, "lines", &[], "for n in 1 2 3; do echo $n; echo; done");
    assert_eq!(logs(&home, &["-n", "1"], "lines"), "3");
    assert_eq!(logs(&home, &["--tail", "2"], "lines"), "2\n\n3");
    assert_eq!(logs(&home, &["--tail", "0"], "lines"), "");
    for all in ["all", "9", "-1"] {
        assert_eq!(logs(&home, &["--tail", all], "lines"), "1\n\n2\n\n3");
    }
    home.run(["logs", "--tail", "few", "lines"])
        .failure(64, &["few", "all"]);

    let stamped = logs(&home, &["--timestamps", "--tail", "1"], "lines");
    let (time, line) = stamped.lines().next().unwrap().split_once(' ').unwrap();
    assert_eq!(
        (line, time.len()),
        ("3", "2026-01-31T12:30:00.000000000Z".len()),
        "{stamped}"
    );
    home.run(["start", "-a", "lines"]).success();
    // The first start was over before the second one began.
    let last_of_first = "1\n\n2\n\n3";
    assert_eq!(logs(&home, &["--until", time], "lines"), last_of_first);
    assert_eq!(logs(&home, &["--tail", "1", "--until", time], "lines"), "3");
    assert!(logs(&home, &["--since", time], "lines").ends_with(last_of_first));
    assert_eq!(logs(&home, &["--since", "24h"], "lines"), logs(&home, &[], "lines"));
    assert_eq!(logs(&home, &["--since", "-1h"], "lines"), "");
    assert_eq!(logs(&home, &["--until", "2013-01-02"], "lines"), "");
    home.run(["logs", "--since", "yesterday", "lines"])
        .failure(64, &["yesterday", "2026-01-31"]);
    home.run(["logs", "--boot", "--since", "1h", "lines"])
        .failure(64, &["--boot"]);
}

#[test]
fn following_ends_with_the_container() {
    let home = Home::new();
    let script = "for n in 1 2 3; do echo $n; sleep 0.4; done; exit 3";
    home.run(["run", "-d", "--name", "counter", BUSYBOX, "sh", "-c", script])
        .success();
    let outcome = home.run(["logs", "-f", "counter"]).success();
    assert_eq!(outcome.text(), "1\n2\n3");
    assert_eq!(home.status("counter")["exitCode"], 3);
}

#[test]
fn following_goes_on_over_the_files_of_a_bounded_log() {
    let home = Home::new();
    let flags = ["--log-opt", "max-size=200k,max-file=200"];
    let words = [
        &["run", "-d", "--name", "large"][..],
        &flags,
        &[BUSYBOX, "seq", "1", "300000"],
    ]
    .concat();
    home.run(words).success();
    let outcome = home.run(["logs", "--follow", "large"]).success();
    assert!(outcome.stdout.ends_with(b"\n300000\n"));
    assert_eq!(outcome.stdout.iter().filter(|byte| **byte == b'\n').count(), 300_000);
    assert!(log_files(&home, "large").len() > 5);
    assert_eq!(logs(&home, &["--tail", "2"], "large"), "299999\n300000");
}

#[test]
fn a_log_keeps_within_its_bounds() {
    let home = Home::new();
    let flags = [
        "--log-driver",
        "local",
        "--log-opt",
        "max-size=100k",
        "--log-opt",
        "max-file=3",
    ];
    ran(&home, "bounded", &flags, "seq 1 200000");
    let files = log_files(&home, "bounded");
    assert!(
        files.len() == 3 && files.iter().all(|bytes| *bytes <= 100_000),
        "{files:?}"
    );
    let text = logs(&home, &[], "bounded");
    let numbers: Vec<u32> = text.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers.last(), Some(&200_000));
    assert!(
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "none is missing between"
    );
    assert!(text.len() > 100_000, "{}", text.len());
}

#[test]
fn a_container_may_have_no_log() {
    let home = Home::new();
    ran(&home, "mute", &["--log-driver", "none"], "echo said");
    home.run(["logs", "mute"])
        .failure(1, &["mute", "does not support reading"]);
    home.run(["logs", "--boot", "mute"]).success();
}

#[test]
fn details_are_what_was_asked_to_be_noted() {
    let home = Home::new();
    let flags = [
        "--log-opt",
        "labels=tier,none",
        "--log-opt",
        "env=STAGE",
        "--label",
        "tier=a b",
        "-e",
        "STAGE=dev",
        "-e",
        "SECRET=x",
    ];
    ran(&home, "detailed", &flags, "echo line");
    assert_eq!(logs(&home, &["--details"], "detailed"), "STAGE=dev,tier=a+b line");
    let stamped = logs(&home, &["--details", "-t"], "detailed");
    assert!(stamped.ends_with("Z STAGE=dev,tier=a+b line"), "{stamped}");
}

#[test]
fn binary_output_long_lines_and_terminals_come_back_unchanged() {
    let home = Home::new();
    let script = r"printf '\000\377\247'; head -c 3000000 /dev/zero; echo; printf end";
    ran(&home, "binary", &[], script);
    let stdout = home.run(["logs", "binary"]).success().stdout;
    assert!(stdout.starts_with(b"\x00\xFF\xA7\x00") && stdout.ends_with(b"\x00\nend"));
    assert_eq!(stdout.len(), 3 + 3_000_000 + 1 + 3);
    assert_eq!(logs(&home, &["--tail", "1"], "binary"), "end");
    assert_eq!(
        home.run(["logs", "-t", "--tail", "2", "binary"]).success().stdout.len(),
        stdout.len() + 2 * 31
    );

    home.run([
        "run",
        "-d",
        "-t",
        "--name",
        "terminal",
        BUSYBOX,
        "sh",
        "-c",
        "echo out; echo err >&2",
    ])
    .success();
    let outcome = home.run(["logs", "-f", "terminal"]).success();
    assert_eq!(
        (outcome.stdout.as_slice(), outcome.stderr.as_str()),
        (&b"out\r\nerr\r\n"[..], "")
    );
}

#[test]
fn a_log_is_whole_after_its_launcher_was_killed() {
    let home = Home::new();
    let script = "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; echo up; while :; do echo more; done";
    home.run(["run", "-d", "--name", "cut", BUSYBOX, "sh", "-c", script])
        .success();
    eventually("it writes", COMMAND_LIMIT, || logs(&home, &[], "cut").contains("more"));
    for process in home.processes().into_iter().filter(Process::is_launcher) {
        process.kill();
    }
    eventually("its end is on record", COMMAND_LIMIT, || {
        home.status("cut")["state"] == "stopped"
    });
    // A record may be torn, as by a loss of power.
    let file = latest_file(&home, "cut");
    let torn = [fs::read(&file).unwrap(), b"\xA7\x00\x10\x00torn".to_vec()].concat();
    fs::write(&file, torn).unwrap();
    let outcome = home.run(["logs", "cut"]).success();
    assert!(
        outcome.stderr.contains("8 bytes of the log are damaged"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.text().starts_with("0\n1\n2\n"));
    assert!(!logs(&home, &["--tail", "1"], "cut").contains("torn"));
    // The next start goes on where the whole records end.
    home.run(["start", "cut"]).success();
    eventually("it writes again", COMMAND_LIMIT, || {
        logs(&home, &[], "cut").matches("up\n").count() == 2
    });
    assert_eq!(home.run(["logs", "cut"]).success().stderr, "");
    home.run(["kill", "cut"]).success();
}

fn latest_file(home: &Home, name: &str) -> PathBuf {
    let directory = home.app_root().join("containers").join(name).join("output");
    let number = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let paths = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    paths.max_by_key(number).unwrap()
}

#[test]
fn the_log_of_an_older_release_is_read() {
    let home = Home::new();
    home.run(["create", "--name", "old", BUSYBOX, "true"]).success();
    let directory = home.app_root().join("containers/old");
    fs::write(directory.join("stdio.log.1"), "one\ntw").unwrap();
    fs::write(directory.join("stdio.log"), "o\nthree\n").unwrap();
    assert_eq!(logs(&home, &[], "old"), "one\ntwo\nthree");
    assert_eq!(logs(&home, &["-n", "2"], "old"), "two\nthree");
    home.run(["logs", "-t", "old"])
        .failure(1, &["older release", "--timestamps"]);
}

#[test]
fn a_container_that_is_gone_is_not_mistaken_for_one_whose_name_begins_alike() {
    let home = Home::new();
    home.start_sleeper("web-1");
    let script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done";
    home.run(["run", "-d", "--rm", "--name", "web", BUSYBOX, "sh", "-c", script])
        .success();
    // It is removed at its end, which must not come before it is followed.
    let mut follower = Pty::spawn(&home.command(["logs", "-f", "web"]));
    assert_eq!(follower.expect("up"), "up");
    home.run(["kill", "--signal", "TERM", "web"]).success();
    follower.expect("bye");
    assert_eq!(follower.wait(), 0);
    assert_eq!(home.status("web-1")["state"], "running");
}

#[test]
fn the_boot_log_has_the_machines_console() {
    let home = Home::new();
    home.run(["run", "--name", "booted", BUSYBOX, "true"]).success();
    home.run(["logs", "--boot", "booted"]).success();
    home.run(["create", "--name", "fresh", BUSYBOX, "true"]).success();
    assert!(home.run(["logs", "fresh"]).success().stdout.is_empty());
}
