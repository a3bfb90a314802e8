//! Proves that standard streams carry every byte in both directions, and what happens when either side closes them or pauses.

use std::process::{Command, Stdio};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Started};
use sha2::{Digest, Sha256};

/// Bytes of every value without a pattern that a mistake could hide in.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn round_trip(length: usize) {
    let home = Home::new();
    let sent = noise(length);
    let outcome = home
        .run_with_input(["run", "--rm", "-i", BUSYBOX, "cat"], sent.clone())
        .success();
    assert_eq!(outcome.stdout.len(), sent.len());
    assert_eq!(Sha256::digest(&outcome.stdout), Sha256::digest(&sent));
}

#[test]
fn sixteen_mebibytes_come_back_unchanged() {
    round_trip(16 << 20);
}

#[test]
fn a_hundred_mebibytes_come_back_unchanged() {
    round_trip(100 << 20);
}

#[test]
fn input_that_has_ended_is_seen_while_output_goes_on() {
    let home = Home::new();
    let script = "cat >/dev/null; echo after the end; sleep 0.3; echo later";
    let outcome = home
        .run_with_input(["run", "--rm", "-i", BUSYBOX, "sh", "-c", script], "some input")
        .success();
    assert_eq!(outcome.text(), "after the end\nlater");
}

#[test]
fn without_interactive_there_is_no_input() {
    let home = Home::new();
    let outcome = home
        .run_with_input(["run", "--rm", BUSYBOX, "cat"], "not for you")
        .success();
    assert!(outcome.stdout.is_empty());
}

#[test]
fn a_program_may_end_without_reading_its_input() {
    let home = Home::new();
    home.run_with_input(["run", "--rm", "-i", BUSYBOX, "true"], noise(8 << 20))
        .success();
}

#[test]
fn standard_error_stays_apart() {
    let home = Home::new();
    let outcome = home.shell("echo out; echo err >&2; echo out again").success();
    assert_eq!(outcome.text(), "out\nout again");
    assert_eq!(outcome.stderr, "err\n");
}

#[test]
fn output_of_a_program_that_ends_at_once_is_complete() {
    let home = Home::new();
    let outcome = home
        .shell("head -c 3000000 /dev/zero; echo -n end; echo -n last >&2")
        .success();
    assert_eq!(outcome.stdout.len(), 3_000_003);
    assert!(outcome.stdout.ends_with(b"end"));
    assert_eq!(outcome.stderr, "last");
}

#[test]
fn a_reader_that_leaves_ends_the_command_quietly() {
    let home = Home::new();
    let mut command = home.command(["run", "--name", "chatty", "--rm", BUSYBOX, "yes"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let head = Command::new("head")
        .arg("-1")
        .stdin(child.stdout.take().unwrap())
        .output()
        .unwrap();
    assert_eq!(head.stdout, b"y\n");
    container_e2e::eventually("the command ends", COMMAND_LIMIT, || {
        child.try_wait().unwrap().is_some()
    });
    let outcome = child.wait_with_output().unwrap();
    assert!(
        outcome.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
    container_e2e::eventually("the container goes", COMMAND_LIMIT, || {
        home.run(["list", "--all", "--quiet"]).stdout.is_empty()
    });
}

#[test]
fn a_reader_that_pauses_at_the_end_loses_nothing() {
    let home = Home::new();
    // A background process keeps the stream open. It is closed after the exit of the first process, but what that one wrote arrives.
    // The rest is so little that the container ends while the reader pauses.
    let script = "sleep 1000 & head -c 1900000 /dev/zero; echo end";
    let mut command = home.command(["run", "--rm", BUSYBOX, "sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = Command::new("sh");
    // The pause is longer than the wait for the last output.
    let script = "head -c 1000000; sleep 4; cat";
    reader.args(["-c", script]).stdin(child.stdout.take().unwrap());
    let outcome = Started::spawn(reader, None).wait();
    assert_eq!(outcome.stdout.len(), 1_900_004);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_pauses_loses_nothing() {
    let home = Home::new();
    let mut command = home.command([
        "run",
        "--rm",
        BUSYBOX,
        "sh",
        "-c",
        "head -c 20000000 /dev/zero; echo end",
    ]);
    let script = "sleep 2; cat";
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = Command::new("sh");
    reader.args(["-c", script]).stdin(child.stdout.take().unwrap());
    let outcome = Started::spawn(reader, None).wait();
    assert_eq!(outcome.stdout.len(), 20_000_004);
    assert!(child.wait().unwrap().success());
}
