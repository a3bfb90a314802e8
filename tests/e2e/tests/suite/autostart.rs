//! Proves that containers with a restart policy come back after a reboot, by the unit that is made for that, and that no file of anybody else is touched.
//!
//! The unit is one of systemd; what is made for launchd is compared as text in the engine.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Outcome, Process, Started, eventually};
use serde_json::{Value, json};

const SLEEP: &str = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";

/// Stand-ins for the programs of systemd, so that neither the session nor the settings of whoever runs the tests matter.
struct Systemd {
    directory: PathBuf,
}

impl Systemd {
    fn new(home: &Home) -> Self {
        let directory = home.file("systemd");
        fs::create_dir(&directory).unwrap();
        let this = Self { directory };
        this.program(
            "systemctl",
            &format!("echo \"$@\" >> '{}'", this.calls_file().display()),
        );
        this.set_lingering("no");
        this
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.directory.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn set_lingering(&self, answer: &str) {
        self.program("loginctl", &format!("echo Linger={answer}"));
    }

    fn calls_file(&self) -> PathBuf {
        self.directory.join("calls")
    }

    /// What `systemctl` was asked for.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.calls_file()).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn path_variable(&self) -> String {
        format!("{}:{}", self.directory.display(), std::env::var("PATH").unwrap())
    }
}

fn unit_path(home: &Home) -> PathBuf {
    home.file("config/systemd/user/container-autostart.service")
}

fn link_path(home: &Home) -> PathBuf {
    home.file("config/systemd/user/default.target.wants/container-autostart.service")
}

fn autostart(home: &Home, words: &[&str]) -> Outcome {
    home.run(["system", "autostart"].iter().chain(words))
}

fn status(home: &Home) -> Value {
    autostart(home, &["status", "--format", "json"]).success().json()
}

/// The words of a line of a unit, by the rules of systemd.syntax(7) as far as a unit of ours needs them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.extend(word.take()),
            '\\' | '%' => word.get_or_insert_default().extend(characters.next()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Runs what the unit runs after a boot.
fn run_unit(home: &Home) -> Outcome {
    run_line(home, "ExecStart=")
}

/// Runs what the unit runs when the host goes down.
fn stop_unit(home: &Home) -> Outcome {
    run_line(home, "ExecStop=")
}

/// Runs what a line of the unit says, as systemd would: with the variables of the user's session and the unit's own.
fn run_line(home: &Home, key: &'static str) -> Outcome {
    let unit = fs::read_to_string(unit_path(home)).unwrap();
    let values = |key: &'static str| unit.lines().filter_map(move |line| line.strip_prefix(key).map(words));
    let line = values(key).next().unwrap();
    let mut command = Command::new(&line[0]);
    command
        .args(&line[1..])
        .stdin(Stdio::null())
        .current_dir("/")
        .env_clear()
        .env("HOME", home.file("home"))
        .env("XDG_RUNTIME_DIR", home.runtime());
    for assignment in values("Environment=").flatten() {
        let (name, value) = assignment.split_once('=').unwrap();
        command.env(name, value);
    }
    Started::spawn(command, None).wait()
}

/// Ends everything at once, as a loss of power does.
fn lose_power(home: &Home) {
    eventually("nothing runs", COMMAND_LIMIT, || {
        home.processes().iter().for_each(Process::kill);
        home.processes().is_empty()
    });
}

fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_unit_is_made_once_and_taken_away_again() {
    let home = Home::new();
    let systemd = Systemd::new(&home);
    let home = home.with("PATH", systemd.path_variable());
    let (unit, link) = (unit_path(&home), link_path(&home));
    let shown = unit.display().to_string();
    assert_eq!(autostart(&home, &["disable"]).success().text(), "");
    let before = status(&home);
    assert_eq!(
        (&before["enabled"], &before["unitState"]),
        (&json!(false), &json!("missing"))
    );

    let enabled = autostart(&home, &["enable"]).success();
    assert_eq!(enabled.text(), shown);
    assert!(enabled.stderr.contains("loginctl enable-linger"), "{}", enabled.stderr);
    assert_eq!(fs::read_link(&link).unwrap(), unit);
    let (text, inode) = (fs::read_to_string(&unit).unwrap(), fs::metadata(&unit).unwrap().ino());
    systemd.set_lingering("yes");
    let again = autostart(&home, &["enable"]).success();
    assert_eq!((again.text(), again.stderr), (shown.clone(), String::new()));
    assert_eq!(fs::metadata(&unit).unwrap().ino(), inode, "it was written again");
    assert_eq!(systemd.calls(), ["--user daemon-reload"]);
    let app_root = format!("\"CONTAINER_APP_ROOT={}\"", home.app_root().display());
    assert!(text.contains(&app_root), "{text}");

    let table = autostart(&home, &["status"]).success().text();
    assert!(
        table.contains("enabled  yes") && table.contains("(this program)"),
        "{table}"
    );
    assert_eq!(
        autostart(&home, &["status", "--format", "{{.enabled}}"])
            .success()
            .text(),
        "true"
    );

    // A variable that matters has changed.
    let elsewhere = home.with("CONTAINER_BOOT_TIMEOUT_MS", "61234");
    autostart(&elsewhere, &["enable"]).success();
    let text = fs::read_to_string(&unit).unwrap();
    assert!(
        text.contains("Environment=\"CONTAINER_BOOT_TIMEOUT_MS=61234\"\n"),
        "{text}"
    );

    assert_eq!(autostart(&elsewhere, &["disable"]).success().text(), shown);
    assert!(!unit.exists() && !link.is_symlink() && !link.parent().unwrap().exists());
    assert_eq!(systemd.calls().len(), 3);
    assert_eq!(status(&elsewhere)["enabled"], false);
}

#[test]
fn a_unit_of_somebody_else_is_left_as_it_is() {
    let home = Home::new();
    let unit = unit_path(&home);
    fs::create_dir_all(unit.parent().unwrap()).unwrap();
    fs::write(&unit, "[Service]\nExecStart=/bin/true\n").unwrap();
    for verb in ["enable", "disable"] {
        autostart(&home, &[verb]).failure(1, &[unit.to_str().unwrap(), "was not made by"]);
    }
    assert_eq!(fs::read_to_string(&unit).unwrap(), "[Service]\nExecStart=/bin/true\n");
    assert!(!link_path(&home).is_symlink());
    let status = status(&home);
    assert_eq!(
        (&status["enabled"], &status["unitState"]),
        (&json!(false), &json!("not made by this program"))
    );
}

#[test]
fn a_program_in_an_awkward_place_is_started_from_there() {
    let home = Home::new();
    let directory = home.file("50% $HOME & so");
    fs::create_dir(&directory).unwrap();
    let program = directory.join("con tainer");
    fs::copy(home.command([""; 0]).get_program(), &program).unwrap();
    let from_there = |program: &Path, words: &[&str]| {
        let usual = home.command(["system", "autostart"].iter().chain(words));
        let mut command = Command::new(program);
        command.args(usual.get_args()).env_clear().stdin(Stdio::null());
        let variables = usual.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.envs(variables.collect::<Vec<(&OsStr, &OsStr)>>());
        Started::spawn(command, None).wait()
    };
    from_there(&program, &["enable"]).success();
    assert_eq!(run_unit(&home).success().text(), "");
    let found = status(&home);
    assert_eq!(
        (found["program"].as_str(), &found["programState"]),
        (program.to_str(), &json!("another program"))
    );
    fs::remove_file(&program).unwrap();
    assert_eq!(status(&home)["programState"], "missing");

    let unwritable = home.file("it's");
    fs::create_dir(&unwritable).unwrap();
    let unwritable = unwritable.join("container");
    fs::copy(home.command([""; 0]).get_program(), &unwritable).unwrap();
    from_there(&unwritable, &["enable"]).failure(1, &["quotation mark"]);
    autostart(&home, &["disable"]).success();
}

#[test]
fn after_a_reboot_exactly_those_run_that_are_to() {
    let home = Home::new();
    autostart(&home, &["enable"]).success();
    for (name, policy) in [
        ("ever", "always"),
        ("usual", "unless-stopped"),
        ("held", "unless-stopped"),
        ("job", "on-failure:3"),
        ("plain", "no"),
    ] {
        home.run([
            "run",
            "-d",
            "--name",
            name,
            "--restart",
            policy,
            BUSYBOX,
            "sh",
            "-c",
            SLEEP,
        ])
        .success();
    }
    home.run(["run", "--name", "done", "--restart", "on-failure", BUSYBOX, "true"])
        .success();
    home.run(["create", "--name", "made", "--restart", "always", BUSYBOX, "true"])
        .success();
    home.run(["stop", "held"]).success();
    let expected = ["ever", "job", "usual"];
    let status = status(&home);
    let containers = status["containers"].as_array().unwrap();
    let reason = |name: &str| containers.iter().find(|found| found["id"] == name).unwrap()["reason"].clone();
    for name in expected {
        assert_eq!(reason(name), Value::Null, "{name}");
    }
    assert_eq!(reason("held"), "stopped by a user");
    assert_eq!(reason("done"), "ended with exit code 0");
    assert_eq!(reason("made"), "never started");
    assert_eq!(containers.len(), 6, "{status}");

    lose_power(&home);
    assert_eq!(lines(&run_unit(&home).success().text()), expected);
    let running = || home.run(["list", "--quiet"]).success().text();
    assert_eq!(lines(&running()), expected);
    assert_eq!(home.run(["exec", "usual", "echo", "here"]).success().text(), "here");

    // What runs is left alone.
    assert_eq!(run_unit(&home).success().text(), "");
    // What a user stops after that stays stopped the next time.
    home.run(["stop", "usual"]).success();
    home.run(["kill", "job"]).success();
    lose_power(&home);
    assert_eq!(run_unit(&home).success().text(), "ever");
    assert_eq!(running(), "ever");
    // And is up again once a user has started it.
    home.run(["start", "usual"]).success();
    lose_power(&home);
    assert_eq!(lines(&run_unit(&home).success().text()), ["ever", "usual"]);
}

#[test]
fn one_that_cannot_start_keeps_no_other_from_starting() {
    let home = Home::new();
    autostart(&home, &["enable"]).success();
    let shared = home.file("shared");
    fs::create_dir(&shared).unwrap();
    let mount = format!("{}:/mnt", shared.display());
    for flags in [&["--name", "broken", "-v", mount.as_str()][..], &["--name", "fine"]] {
        let words = ["run", "-d", "--restart", "always"].iter().chain(flags);
        home.run(words.chain(&[BUSYBOX, "sh", "-c", SLEEP])).success();
    }
    lose_power(&home);
    fs::remove_dir(&shared).unwrap();
    let outcome = run_unit(&home);
    assert_eq!(outcome.text(), "fine");
    outcome.failure(1, &["cannot start container broken", "shared"]);
    assert_eq!(home.run(["list", "--quiet"]).success().text(), "fine");

    // The failure is no reason not to try again.
    home.run(["kill", "fine"]).success();
    fs::create_dir(&shared).unwrap();
    assert_eq!(lines(&run_unit(&home).success().text()), ["broken", "fine"]);
}

/// Starts a container that says in the directory `told`, in a file of its name, that it was asked to end, and ends with exit code 0. It heeds that when
/// this returns.
fn run_polite(home: &Home, told: &Path, name: &str, policy: &str) {
    let mount = format!("{}:/told", told.display());
    let script =
        format!("trap 'touch /told/{name}; exit 0' TERM; touch /told/{name}.up; while :; do sleep 1 & wait $!; done");
    home.run([
        "run",
        "-d",
        "--name",
        name,
        "--restart",
        policy,
        "--stop-timeout",
        "60",
        "-v",
        &mount,
        BUSYBOX,
        "sh",
        "-c",
        &script,
    ])
    .success();
    until_up(told, name);
}

/// Waits until such a container heeds signals.
fn until_up(told: &Path, name: &str) {
    let sign = told.join(format!("{name}.up"));
    eventually("it says that it heeds signals", COMMAND_LIMIT, || sign.exists());
    fs::remove_file(sign).unwrap();
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn what_is_asked_to_end_as_the_host_goes_down_comes_back_unless_a_user_ended_it() {
    let home = Home::new();
    autostart(&home, &["enable"]).success();
    let told = home.file("told");
    fs::create_dir(&told).unwrap();
    assert_eq!(stop_unit(&home).success().text(), "", "nothing runs");
    for (name, policy) in [
        ("ever", "always"),
        ("usual", "unless-stopped"),
        ("held", "unless-stopped"),
        ("job", "on-failure:3"),
        ("plain", "no"),
    ] {
        run_polite(&home, &told, name, policy);
    }
    home.run(["stop", "held"]).success();
    fs::remove_file(told.join("held")).unwrap();
    home.run(["run", "--name", "done", "--restart", "on-failure", BUSYBOX, "true"])
        .success();

    let asked = ["ever", "job", "plain", "usual"];
    assert_eq!(lines(&stop_unit(&home).success().text()), asked);
    assert_eq!(names_in(&told), asked);
    assert_eq!(home.run(["list", "--quiet"]).success().text(), "");
    let ended = home
        .run(["inspect", "usual", "--format", "{{.State.ExitCode}}"])
        .success();
    assert_eq!(ended.text(), "0");
    let expected = ["ever", "job", "usual"];
    assert_eq!(lines(&run_unit(&home).success().text()), expected);
    assert_eq!(lines(&home.run(["list", "--quiet"]).success().text()), expected);

    for name in expected {
        until_up(&told, name);
    }

    // What has ended once because of the host has not when a user ends it.
    home.run(["stop", "job", "usual"]).success();
    assert_eq!(stop_unit(&home).success().text(), "ever");
    assert_eq!(run_unit(&home).success().text(), "ever");
}

#[test]
fn a_session_that_ends_is_asked_for_by_signals_and_ends_no_machine_before_its_container() {
    let home = Home::new();
    autostart(&home, &["enable"]).success();
    let told = home.file("told");
    fs::create_dir(&told).unwrap();
    run_polite(&home, &told, "job", "on-failure");
    // systemd sends them to all that is in the session, at once.
    for process in home.processes() {
        process.terminate();
    }
    eventually("nothing runs", COMMAND_LIMIT, || home.processes().is_empty());
    assert_eq!(names_in(&told), ["job"]);
    assert_eq!(run_unit(&home).success().text(), "job");
}
