//! Proves that `run` with a guest that misbehaves ends within a bounded time and shows the end of the guest's console.

use std::time::{Duration, Instant};

use container_e2e::{BUSYBOX, Home, Initramfs, InstallTree, Started};

/// Bound of the boot in these tests, milliseconds.
const BOOT_TIMEOUT_MS: u64 = 12_000;

/// Time allowed on top of it, for ending the machine and for a loaded host.
const MARGIN: Duration = Duration::from_secs(20);

/// Runs a program in a machine whose first program is this script, and expects an error with these words.
#[track_caller]
fn run_with_guest(script: &str, reason: &[&str]) {
    let home = Home::new().with("CONTAINER_BOOT_TIMEOUT_MS", BOOT_TIMEOUT_MS.to_string());
    let tree = InstallTree::copy().with("initramfs", &Initramfs::with_script(script));
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env("CONTAINER_INSTALL_ROOT", tree.root());
    let begin = Instant::now();
    let outcome = Started::spawn(command, None).wait();
    assert!(
        begin.elapsed() < Duration::from_millis(BOOT_TIMEOUT_MS) + MARGIN,
        "{:?}",
        begin.elapsed()
    );
    outcome.failure(125, reason);
    assert!(home.run(["ls", "-aq"]).success().stdout.is_empty());
    home.assert_quiet();
}

const TIMED_OUT: &str = "the virtual machine did not come up within 12.0 s";
const ENDED: &str = "the virtual machine ended before its agent was ready: ";
const POWERED_OFF: &str = "the virtual machine ended before its agent was ready: the guest powered itself off";
/// What a guest says whose kernel ends it. One backend ends the machine for it and says so, the other sees a reset.
const PANIC: &str = "Kernel panic - not syncing";
const NO_AGENT: &str = "the guest sent something else than the agent's protocol";

#[test]
fn a_guest_that_never_opens_its_port() {
    run_with_guest(
        "echo stuck here > /dev/console; exec /bin/busybox sleep 1000",
        &[TIMED_OUT, "stuck here"],
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
    run_with_guest("while :; do :; done", &[TIMED_OUT]);
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
    run_with_guest(
        "exec /bin/busybox yes 'all work and no play' > /dev/console",
        &[TIMED_OUT, "all work and no play"],
    );
}

#[test]
fn an_empty_initramfs() {
    let home = Home::new().with("CONTAINER_BOOT_TIMEOUT_MS", BOOT_TIMEOUT_MS.to_string());
    let tree = InstallTree::copy().with("initramfs", b"no archive at all");
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env("CONTAINER_INSTALL_ROOT", tree.root());
    Started::spawn(command, None)
        .wait()
        .failure(125, &[ENDED, PANIC, "Unable to mount root fs"]);
}
