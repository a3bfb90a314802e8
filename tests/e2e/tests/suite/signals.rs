//! Proves that signals to a foreground `run` are passed on to the program, and that three interrupts end the command.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Started, eventually};
use rustix::process::Signal;

fn start(home: &Home, script: &str) -> Started {
    let started = home.spawn(["run", "--name", "target", BUSYBOX, "sh", "-c", script]);
    eventually("it is ready", COMMAND_LIMIT, || {
        home.run(["logs", "target"]).text().contains("up")
    });
    started
}

#[test]
fn signals_are_passed_on() {
    let home = Home::new();
    let script =
        "trap 'echo usr1' USR1; trap 'echo hup' HUP; trap 'exit 21' TERM; echo up; while :; do sleep 0.1; done";
    let started = start(&home, script);
    for (signal, answer) in [(Signal::USR1, "usr1"), (Signal::HUP, "hup")] {
        started.signal(signal);
        eventually("the program has got it", COMMAND_LIMIT, || {
            home.run(["logs", "target"]).text().contains(answer)
        });
    }
    started.signal(Signal::TERM);
    assert_eq!(started.wait().code, 21);
}

#[test]
fn an_interrupt_ends_a_program_that_heeds_it() {
    let home = Home::new();
    let started = start(&home, "trap 'exit 130' INT; echo up; while :; do sleep 0.1; done");
    started.signal(Signal::INT);
    assert_eq!(started.wait().code, 130);
}

#[test]
fn three_interrupts_end_the_command_whatever_the_program_does() {
    let home = Home::new();
    let mut started = start(
        &home,
        "trap 'echo heard' INT TERM; echo up; while :; do sleep 0.1; done",
    );
    // Signals of one kind that come at once are one: each has to have arrived before the next is sent.
    for heard in 1..=2 {
        started.signal(Signal::INT);
        eventually("the program has got it", COMMAND_LIMIT, || {
            home.run(["logs", "target"]).text().matches("heard").count() == heard
        });
        assert!(!started.has_ended());
    }
    started.signal(Signal::INT);
    started.wait().failure(1, &["forcefully exiting"]);
    eventually("the container has ended", COMMAND_LIMIT, || {
        home.status("target")["state"] == "stopped"
    });
}
