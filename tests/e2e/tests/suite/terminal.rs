//! Proves that a terminal (`-it`) works for a user: prompt, size, signals, detach keys, and that its mode is restored.

use container_e2e::{BUSYBOX, Home, Pty, eventually};

fn shell(home: &Home, flags: &[&str]) -> Pty {
    let words = ["run", "-it", "-e", "PS1=ready> "]
        .iter()
        .chain(flags)
        .chain(&[BUSYBOX, "sh"]);
    let mut pty = Pty::spawn(&home.command(words));
    pty.expect("ready> ");
    pty
}

#[test]
fn a_shell_has_a_prompt_and_its_exit_code_is_ours() {
    let home = Home::new();
    let mut pty = shell(&home, &["--rm"]);
    pty.send("tty; echo $((40 + 2))\r");
    assert!(pty.expect("42").contains("/dev/pts/0"));
    pty.expect("ready> ");
    pty.send("exit 5\r");
    assert_eq!(pty.wait(), 5);
    assert!(pty.is_cooked());
}

#[test]
fn the_terminal_has_the_users_size_also_when_it_changes() {
    let home = Home::new();
    let mut pty = shell(&home, &["--rm"]);
    pty.send("stty size\r");
    pty.expect("\n24 80");
    pty.expect("ready> ");
    pty.send("trap 'echo now; stty size' WINCH; echo set\r");
    pty.expect("\nset");
    pty.expect("ready> ");
    pty.resize(40, 132);
    eventually("the new size is there", container_e2e::COMMAND_LIMIT, || {
        pty.send("stty size\r");
        pty.expect("ready> ").contains("\n40 132")
    });
    pty.send("exit\r");
    assert_eq!(pty.wait(), 0);
}

#[test]
fn ctrl_c_interrupts_the_program_and_not_the_container() {
    let home = Home::new();
    let mut pty = shell(&home, &["--rm"]);
    // What says that it has begun is in the foreground, where the signal goes.
    pty.send("sh -c 'echo begin; exec sleep 1000'; echo code $?\r");
    pty.expect("\nbegin");
    pty.send("\x03");
    pty.expect("ready> ");
    pty.send("echo still here\r");
    pty.expect("\nstill here");
    pty.expect("ready> ");
    pty.send("\x04");
    assert_eq!(pty.wait(), 0);
}

#[test]
fn the_detach_keys_leave_the_container_running() {
    let home = Home::new();
    let mut pty = shell(&home, &["--name", "left"]);
    pty.send("\x10\x11");
    assert_eq!(pty.wait(), 0);
    assert!(pty.is_cooked());
    assert_eq!(home.status("left")["state"], "running");
    home.run(["stop", "--time", "1", "left"]).success();
    home.assert_quiet();
}

#[test]
fn a_terminal_that_closes_takes_its_container_along() {
    let home = Home::new();
    let pty = shell(&home, &["--name", "closed"]);
    drop(pty);
    eventually("the container has ended", container_e2e::COMMAND_LIMIT, || {
        home.status("closed")["state"] == "stopped"
    });
}

#[test]
fn a_terminal_signal_restores_the_terminal() {
    let home = Home::new();
    let mut pty = shell(&home, &["--rm"]);
    assert!(!pty.is_cooked());
    let id = rustix::process::Pid::from_raw(i32::try_from(pty.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert_eq!(pty.wait(), 143);
    assert!(pty.is_cooked());
}

#[test]
fn input_that_is_no_terminal_is_refused() {
    let home = Home::new();
    home.run(["run", "--rm", "-it", BUSYBOX, "true"])
        .failure(125, &["not a TTY"]);
    // A terminal without input is fine, and its output comes with the line ends of a terminal.
    assert_eq!(
        home.run(["run", "--rm", "-t", BUSYBOX, "echo", "x"]).success().stdout,
        b"x\r\n"
    );
}

#[test]
fn exec_has_a_terminal_too() {
    let home = Home::new();
    home.start_sleeper("host");
    let mut pty = Pty::spawn(&home.command(["exec", "-it", "-e", "PS1=inside> ", "host", "sh"]));
    pty.expect("inside> ");
    pty.send("stty size; exit 9\r");
    pty.expect("24 80");
    assert_eq!(pty.wait(), 9);
    assert!(pty.is_cooked());
}

#[test]
fn a_program_beside_the_first_can_be_left_with_keys_that_lose_nothing() {
    let home = Home::new();
    home.start_sleeper("host");
    let inside = |keys: &[&str], script: &str| {
        let words = [&["exec", "-it"], keys, &["host", "sh", "-c", script]].concat();
        let mut pty = Pty::spawn(&home.command(words));
        pty.expect("ready");
        pty
    };

    // The terminal in the container echoes what arrives: the first of two keys also when nothing follows it.
    let mut pty = inside(&[], "echo ready; exec cat");
    pty.send("\x10");
    pty.expect("^P");
    pty.send("a\x10b\r");
    pty.expect("a^Pb");
    pty.send("\x04");
    assert_eq!(pty.wait(), 0);

    // With other detach keys, Ctrl-P and Ctrl-Q reach the terminal as ordinary keys.
    let mut pty = inside(&["--detach-keys", "ctrl-x,y"], "echo ready; exec cat");
    pty.send("a\x10\x11b\x18c\r");
    pty.expect("a^Pb^Xc");
    pty.send("\x18y");
    assert_eq!(pty.wait(), 0);

    let script = "echo ready; while :; do echo tick >>/tmp/ticks; echo tick; sleep 0.1; done";
    let mut pty = inside(&[], script);
    pty.expect("tick");
    pty.send("\x10\x11");
    assert_eq!(pty.wait(), 0);
    assert!(pty.is_cooked());
    let tick_count = || {
        let outcome = home.run(["exec", "host", "sh", "-c", "wc -l </tmp/ticks"]).success();
        outcome.text().trim().parse::<usize>().unwrap()
    };
    let left_at = tick_count();
    eventually("the program goes on", container_e2e::COMMAND_LIMIT, || {
        tick_count() > left_at + 20
    });
}

#[test]
fn start_attaches_to_the_terminal_that_the_container_was_made_with() {
    let home = Home::new();
    home.run(["create", "-it", "--name", "again", "-e", "PS1=ready> ", BUSYBOX, "sh"])
        .success();
    for code in [3, 4] {
        let mut pty = Pty::spawn(&home.command(["start", "-ai", "again"]));
        pty.expect("ready> ");
        pty.send(&format!("exit {code}\r"));
        assert_eq!(pty.wait(), code);
    }
}
