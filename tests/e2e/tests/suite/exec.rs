//! Proves that `exec` runs further programs in a running container, each with its own streams and exit code, and what ends them.

use std::process::{Command, Stdio};

use container_e2e::{BUSYBOX, Home, eventually};

#[test]
fn a_program_runs_beside_the_first_with_its_own_code_and_streams() {
    let home = Home::new();
    home.start_sleeper("host");
    home.run(["exec", "host", "sh", "-c", "exit 6"]).with_code(6);
    let outcome = home
        .run(["exec", "host", "sh", "-c", "echo out; echo err >&2; hostname"])
        .success();
    assert_eq!(
        (outcome.text().as_str(), outcome.stderr.as_str()),
        ("out\nhost", "err\n")
    );
    let outcome = home
        .run_with_input(["exec", "-i", "host", "sha256sum"], vec![0_u8; 5 << 20])
        .success();
    assert!(
        outcome
            .text()
            .starts_with("c036cbb7553a909f8b8877d4461924307f27ecb66cff928eeeafd569c3887e29"),
        "{outcome:?}"
    );
}

#[test]
fn environment_directory_and_user_can_be_set() {
    let home = Home::new();
    home.run([
        "run", "-d", "--name", "host", "-e", "A=1", "-w", "/tmp", BUSYBOX, "sleep", "1000",
    ])
    .success();
    let script = "echo $A $B; pwd; id -u";
    assert_eq!(
        home.run(["exec", "host", "sh", "-c", script]).success().text(),
        "1\n/tmp\n0"
    );
    let words = [
        "exec", "-e", "B=2", "-w", "/home", "-u", "alice", "host", "sh", "-c", script,
    ];
    assert_eq!(home.run(words).success().text(), "1 2\n/home\n1000");
}

#[test]
fn a_pipe_in_the_place_of_the_users_files_is_not_waited_for() {
    let home = Home::new();
    home.start_sleeper("host");
    let script = "for file in passwd group; do rm /etc/$file; mkfifo /etc/$file; done";
    home.run(["exec", "host", "sh", "-c", script]).success();
    // A program that asks for no names, because it would wait.
    let user_line = |user: &str| home.run(["exec", "-u", user, "host", "grep", "^Uid:", "/proc/self/status"]);
    assert_eq!(user_line("1000").success().text(), "Uid:\t1000\t1000\t1000\t1000");
    user_line("alice").failure(125, &["alice"]);
}

#[test]
fn a_program_that_cannot_be_started_has_dockers_codes() {
    let home = Home::new();
    home.start_sleeper("host");
    home.run(["exec", "host", "no-such-program"])
        .failure(127, &["no-such-program"]);
    home.run(["exec", "host", "/etc/not-executable"])
        .failure(126, &["/etc/not-executable"]);
    assert_eq!(home.status("host")["state"], "running");
}

#[test]
fn a_detached_program_goes_on_by_itself() {
    let home = Home::new();
    home.start_sleeper("host");
    let outcome = home
        .run(["exec", "-d", "host", "sh", "-c", "sleep 0.5; echo done > /tmp/mark"])
        .success();
    assert_eq!(outcome.text(), "host");
    eventually("it has done its work", container_e2e::COMMAND_LIMIT, || {
        home.run(["exec", "host", "cat", "/tmp/mark"]).text() == "done"
    });
}

#[test]
fn a_program_whose_command_has_vanished_ends() {
    let home = Home::new();
    home.start_sleeper("host");
    // A process may end while its arguments are read, so that the exit code says nothing.
    let runs = |argument: &str| {
        let outcome = home.run(["exec", "host", "sh", "-c", "cat /proc/[0-9]*/cmdline"]);
        let arguments = String::from_utf8_lossy(&outcome.stdout).into_owned();
        assert!(
            arguments.contains("wait $!"),
            "the first program is always there: {arguments:?}"
        );
        arguments.contains(argument)
    };
    let mut command = home.command(["exec", "host", "yes"]);
    let mut chatty = command.stdout(Stdio::piped()).spawn().unwrap();
    // Only `head` holds the read end of the pipe, which is closed when it ends.
    let head = Command::new("head")
        .args(["-n", "1"])
        .stdin(chatty.stdout.take().unwrap())
        .output()
        .unwrap();
    assert_eq!(head.stdout, b"y\n");
    eventually("the command ends", container_e2e::COMMAND_LIMIT, || {
        chatty.try_wait().unwrap().is_some()
    });
    eventually("yes has ended", container_e2e::COMMAND_LIMIT, || !runs("yes\0"));

    // A program that ends on SIGHUP, and one that has to be killed.
    for script in ["exec sleep 4321", "trap '' HUP; while :; do sleep 0.4321; done"] {
        let started = home.spawn(["exec", "host", "sh", "-c", script]);
        eventually("it runs", container_e2e::COMMAND_LIMIT, || runs("4321"));
        started.signal(rustix::process::Signal::KILL);
        eventually("it has ended", container_e2e::COMMAND_LIMIT, || !runs("4321"));
        assert_eq!(started.wait().code, 137);
    }
    assert_eq!(home.status("host")["state"], "running");
}

#[test]
fn the_end_of_the_container_ends_its_programs() {
    let home = Home::new();
    home.start_sleeper("host");
    let inside = home.spawn(["exec", "host", "sh", "-c", "touch /tmp/up; sleep 1000"]);
    eventually("it runs", container_e2e::COMMAND_LIMIT, || {
        home.run(["exec", "host", "test", "-e", "/tmp/up"]).code == 0
    });
    home.run(["kill", "host"]).success();
    let outcome = inside.wait();
    assert_ne!(outcome.code, 0, "{outcome:?}");
}

#[test]
fn a_stopped_container_takes_no_programs() {
    let home = Home::new();
    home.run(["create", "--name", "still", BUSYBOX, "true"]).success();
    home.run(["exec", "still", "true"])
        .failure(125, &["still", "container start still"]);
}

#[test]
fn eight_programs_at_once() {
    let home = Home::new();
    home.start_sleeper("host");
    let started: Vec<_> = (0..8)
        .map(|number| {
            home.spawn([
                "exec",
                "host",
                "sh",
                "-c",
                &format!("head -c 500000 /dev/zero; exit {number}"),
            ])
        })
        .collect();
    for (number, started) in started.into_iter().enumerate() {
        let outcome = started.wait();
        assert_eq!(
            (outcome.code, outcome.stdout.len()),
            (i32::try_from(number).unwrap(), 500_000),
            "{}",
            outcome.stderr
        );
    }
}
