//! One test in a process of its own: with a limit of time, a temporary directory that it must leave empty, and its output kept.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Time limit of a test. The longest tests boot a few dozen machines, or take minutes where machines are emulated.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
/// Time between two checks whether a test has ended.
const INTERVAL: Duration = Duration::from_millis(5);

/// The result of a test.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Why it failed, if it did.
    pub(crate) failure: Option<String>,
    /// Why it did not run here, if its preconditions were missing.
    pub(crate) skipped: Option<String>,
    /// Its output.
    pub(crate) output: String,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Runs `command`, a test binary with the name of one test, with `scratch` as its temporary directory.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run(command: &mut Command, scratch: &Path, log: &Path, limit: Duration) -> Result<Outcome> {
    let file = File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
    let begun = Instant::now();
    let child = command
        .env("TMPDIR", scratch)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let status = wait(child, begun + limit)?;
    let took = begun.elapsed();
    let output = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let failure = match status {
        None => Some(format!("still running after {} s, killed", limit.as_secs())),
        Some(status) if !status.success() => Some(status.to_string()),
        Some(_) => left_behind(scratch)?,
    };
    let skipped = output
        .lines()
        .find_map(|line| line.strip_prefix("skipped: "))
        .map(str::to_owned);
    Ok(Outcome {
        failure,
        skipped,
        output,
        took,
    })
}

/// Waits until `end` at most, then kills the test with everything in its process group. `None` when that was necessary.
fn wait(mut child: Child, end: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(INTERVAL);
    }
}

/// The files that a successful test left in its temporary directory, as the reason why it fails.
fn left_behind(scratch: &Path) -> io::Result<Option<String>> {
    let mut names: Vec<String> = fs::read_dir(scratch)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort();
    Ok((!names.is_empty()).then(|| format!("left in its temporary directory: {}", names.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(script: &str, limit: Duration) -> Outcome {
        let directory = tempfile::tempdir().unwrap();
        let scratch = directory.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(&mut command, &scratch, &directory.path().join("log"), limit).unwrap()
    }

    #[test]
    fn output_and_reasons_are_kept() {
        let fine = outcome("echo out; echo 'skipped: no such thing here' >&2", LIMIT);
        assert_eq!(fine.failure, None);
        assert_eq!(fine.skipped.as_deref(), Some("no such thing here"));
        assert!(fine.output.starts_with("out\n"), "{}", fine.output);
        let failed = outcome("echo why; exit 101", LIMIT);
        assert!(failed.failure.is_some_and(|reason| reason.contains("101")));
        assert_eq!(failed.output, "why\n");
    }

    #[test]
    fn a_test_that_hangs_is_killed_with_its_children() {
        let hung = outcome("sleep 1000 & sleep 1000", Duration::from_millis(50));
        assert!(hung.failure.is_some_and(|reason| reason.contains("still running")));
    }

    #[test]
    fn files_left_in_the_temporary_directory_are_a_failure() {
        let untidy = outcome("mkdir \"$TMPDIR/.tmpX\"; : >\"$TMPDIR/a\"", LIMIT);
        assert_eq!(
            untidy.failure.as_deref(),
            Some("left in its temporary directory: .tmpX, a")
        );
    }
}
