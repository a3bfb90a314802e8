//! Proves that `run` with a guest that misbehaves ends within a bounded time and shows the end of the guest's console.

use container_e2e::{BUSYBOX, Home, Initramfs, InstallTree, Started};

/// Bound of the boot of a guest that does not come up, milliseconds. On a busy host it takes some seconds until the guest says what it is to say.
const BOOT_TIMEOUT_MS: u64 = 30_000;

/// Runs a program in a machine whose first program is this script, and expects an error with these words, in the time that every command has.
#[track_caller]
fn run_with_guest(script: &str, reason: &[&str]) {
    run_in(&Home::new(), script, reason);
}

/// The same with a bound of the boot that is to run out.
#[track_caller]
fn run_out_of_time(script: &str, said: &str) {
    let home = Home::new().with("CONTAINER_BOOT_TIMEOUT_MS", BOOT_TIMEOUT_MS.to_string());
    run_in(&home, script, &[TIMED_OUT, said]);
}

#[track_caller]
fn run_in(home: &Home, script: &str, reason: &[&str]) {
    let tree = InstallTree::copy().with("initramfs", &Initramfs::with_script(script));
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env("CONTAINER_INSTALL_ROOT", tree.root());
    Started::spawn(command, None).wait().failure(125, reason);
    assert!(home.run(["ls", "-aq"]).success().stdout.is_empty());
    home.assert_quiet();
}

const TIMED_OUT: &str = "the virtual machine did not come up within 30.0 s";
const ENDED: &str = "the virtual machine ended before its agent was ready: ";
const POWERED_OFF: &str = "the virtual machine ended before its agent was ready: the guest powered itself off";
/// What a guest says whose kernel ends it. One backend ends the machine for it and says so, the other sees a reset.
const PANIC: &str = "Kernel panic - not syncing";
const NO_AGENT: &str = "the guest sent something else than the agent's protocol";

#[test]
fn a_guest_that_never_opens_its_port() {
    run_out_of_time(
        "echo stuck here > /dev/console; exec /bin/busybox sleep 1000",
        "stuck here",
    );
}

#[test]
fn a_guest_whose_first_program_ends() {
    run_with_guest(
        "echo last words > /dev/console; exit 3",
        &[ENDED, PANIC, "last words", "Attempted to kill init"],
    );
}

#[test]
fn a_guest_that_powers_off() {
    run_with_guest(
        "echo leaving > /dev/console; /bin/busybox reboot -f",
        &[POWERED_OFF, "leaving"],
    );
}

#[test]
fn a_guest_that_spins() {
    run_out_of_time("while :; do :; done", "");
}

#[test]
fn a_guest_that_sends_garbage() {
    run_with_guest(
        "for port in /dev/vport*; do /bin/busybox cat /dev/urandom > $port & done; /bin/busybox sleep 1000",
        &[NO_AGENT],
    );
}

#[test]
fn a_guest_that_floods_its_port_with_zeros() {
    run_with_guest(
        "for port in /dev/vport*; do /bin/busybox cat /dev/zero > $port & done; /bin/busybox sleep 1000",
        &[NO_AGENT, r"\x00\x00\x00\x00"],
    );
}

#[test]
fn a_guest_that_answers_with_http_of_another_age() {
    run_with_guest(
        "for port in /dev/vport*; do echo -e 'HTTP/1.1 200 OK\\r\\nContent-Length: 9999999999\\r\\n\\r' > $port & done; /bin/busybox sleep 1000",
        &[NO_AGENT, "HTTP/1.1 200 OK"],
    );
}

#[test]
fn a_guest_that_floods_its_console() {
    run_out_of_time(
        "exec /bin/busybox yes 'all work and no play' > /dev/console",
        "all work and no play",
    );
}

#[test]
fn an_empty_initramfs() {
    let home = Home::new();
    let tree = InstallTree::copy().with("initramfs", b"no archive at all");
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env("CONTAINER_INSTALL_ROOT", tree.root());
    Started::spawn(command, None)
        .wait()
        .failure(125, &[ENDED, PANIC, "Unable to mount root fs"]);
}
