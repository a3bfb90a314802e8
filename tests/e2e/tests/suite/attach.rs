//! Proves that any command can come to the terminal of a running container, and leave it.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Pty, eventually};

/// Shows the size of its terminal when that changes, and what is typed; ends when told to.
const SCREEN: &str = "trap 'echo size $(stty size)' WINCH; echo up; \
    while :; do read -r line && echo \"got $line\"; [ \"$line\" = bye ] && exit 7; done";

#[test]
fn a_terminal_is_attached_to_left_and_attached_to_again() {
    let home = Home::new();
    home.run(["create", "-i", "-t", "--name", "work", BUSYBOX, "sh", "-c", SCREEN])
        .success();
    home.run(["attach", "work"])
        .failure(1, &["work", "stopped", "container start --attach work"]);
    home.run(["start", "work"]).success();
    eventually("it hears of sizes", COMMAND_LIMIT, || {
        home.run(["logs", "work"]).text().contains("up")
    });

    let attach = || Pty::spawn(&home.command(["attach", "work"]));
    let mut terminal = attach();
    terminal.expect("size 24 80");
    terminal.send("hello\r");
    terminal.expect("got hello");
    // Its input would end at once, and the shell with it.
    home.run(["attach", "work"]).failure(1, &["not a TTY", "--no-stdin"]);
    let mut other = attach();
    other.expect("another client is attached to its standard input (try: container attach --no-stdin)");
    assert_eq!(other.wait(), 1);
    terminal.send("\u{10}\u{11}");
    terminal.expect("work");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(home.status("work")["state"], "running");

    // Of the same size, and drawn again.
    let mut terminal = attach();
    terminal.expect("size 24 80");
    let watching = home.spawn(["attach", "--no-stdin", "work"]);
    let kept = home.spawn(["attach", "--no-stdin", "--sig-proxy=false", "work"]);
    // Not INT, which is ignored by what a shell has started in the background, until the command listens.
    kept.signal(rustix::process::Signal::TERM);
    assert_eq!(kept.wait().code, 143);
    terminal.send("bye\r");
    assert_eq!((terminal.wait(), watching.wait().code), (7, 7));
    assert_eq!(home.status("work")["exitCode"], 7);
}
