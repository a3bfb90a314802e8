//! Runs many tests side by side, and reports how each ended.

use super::binaries::{Binary, test_names};
use super::single::{self, LIMIT, Outcome};
use super::stage::Stage;
use super::tally::Tally;
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Tests at a time beyond one for each processor: about half of its time an end-to-end test waits, for a machine, a limit of time or another process.
const MORE_THAN_PROCESSORS: usize = 1;
/// How many of the slowest tests are named at the end.
const SLOWEST: usize = 10;

/// Which tests to run.
pub(crate) struct Selection<'a> {
    /// Words that a test's label has to contain, all of them.
    pub(crate) filter: &'a [String],
    /// The names of end-to-end tests outside of which none runs.
    pub(crate) only: Option<&'a [&'a str]>,
    /// Parts of the end-to-end tests that are for another run.
    pub(crate) except: &'a [&'a str],
    /// Parts of the end-to-end tests that this system lacks the programs for. They are counted as ignored.
    pub(crate) without: &'a [&'a str],
    /// Whether guests of another architecture were set up. Without them the tests of QEMU that need some are counted as ignored.
    pub(crate) foreign_guests: bool,
}

/// The package some of whose tests need guests of another architecture, and the word in their labels that says so.
const FOREIGN: (&str, &str) = ("hypervisor-qemu", "foreign");

impl Selection<'_> {
    fn has(&self, test: &Test<'_>) -> bool {
        let named = |names: &[&str]| test.binary.is_end_to_end() && names.contains(&test.name.as_str());
        let is_elsewhere = test.binary.is_end_to_end() && self.except.contains(&test.part());
        self.only.is_none_or(named) && !is_elsewhere && self.filter.iter().all(|word| test.label.contains(word))
    }

    /// Why a test is left out, if it is.
    fn reason_against(&self, test: &Test<'_>) -> Option<&'static str> {
        if test.binary.is_end_to_end() && self.without.contains(&test.part()) {
            return Some("it needs what Debian has and this system lacks");
        }
        let package = test.binary.name.split("::").next();
        let is_foreign = package == Some(FOREIGN.0) && test.label.contains(FOREIGN.1);
        (is_foreign && !self.foreign_guests)
            .then_some("it needs guests of another architecture: --arch x86_64 --arch aarch64")
    }
}

/// A test to be run.
struct Test<'a> {
    binary: &'a Binary,
    name: String,
    /// What it is called in the output.
    label: String,
}

impl Test<'_> {
    /// The part of the tests that it belongs to, which is its file.
    fn part(&self) -> &str {
        self.name.split("::").next().unwrap_or_default()
    }
}

/// The tests that are left, and the results so far.
struct Progress<'a> {
    machines: VecDeque<Test<'a>>,
    others: VecDeque<Test<'a>>,
    tally: Tally,
    times: Vec<(Duration, String)>,
    failures: Vec<String>,
}

impl<'a> Progress<'a> {
    /// The next test: those with machines first, because they take longest.
    fn next(&mut self) -> Option<Test<'a>> {
        self.machines.pop_front().or_else(|| self.others.pop_front())
    }

    fn finish(&mut self, test: &Test<'a>, outcome: Outcome) {
        let label = test.label.clone();
        let seconds = outcome.took.as_secs_f64();
        match (&outcome.failure, &outcome.skipped) {
            (Some(reason), _) => {
                println!("FAIL {seconds:7.2} s  {label}: {reason}\n{}", outcome.output.trim_end());
                self.tally.failed += 1;
                self.failures.push(format!("{label}: {reason}"));
            }
            (None, Some(reason)) => {
                println!("skip {seconds:7.2} s  {label}: {reason}");
                self.tally.ignored += 1;
            }
            (None, None) => {
                println!("ok   {seconds:7.2} s  {label}");
                self.tally.passed += 1;
            }
        }
        self.times.push((outcome.took, label));
    }
}

/// Runs the selected tests in the stage's directories.
///
/// # Errors
/// When a binary cannot be started or a test selected by name does not exist; a failed test is in the tally.
pub(crate) fn all(binaries: &[Binary], selection: &Selection<'_>, stage: &Stage) -> Result<Tally> {
    let (left_out, tests): (Vec<_>, Vec<_>) = list(binaries, selection, stage)?
        .into_iter()
        .partition(|test| selection.reason_against(test).is_some());
    for test in &left_out {
        println!(
            "skip            {}: {}",
            test.label,
            selection.reason_against(test).unwrap_or_default()
        );
    }
    let (machines, others) = tests.into_iter().partition(|test| test.binary.is_end_to_end());
    let progress = Mutex::new(Progress {
        machines,
        others,
        tally: Tally {
            ignored: left_out.len().try_into()?,
            ..Tally::default()
        },
        times: Vec::new(),
        failures: Vec::new(),
    });
    let workers = thread::available_parallelism().map_or(1, usize::from) + MORE_THAN_PROCESSORS;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(&progress, stage))).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().ok().context("a worker panicked")?)
    })?;
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.times.sort_by(|one, other| other.cmp(one));
    say("the slowest tests:");
    for (took, label) in progress.times.iter().take(SLOWEST) {
        say(format_args!("{:8.1} s  {label}", took.as_secs_f64()));
    }
    for failure in &progress.failures {
        println!("FAIL {failure}");
    }
    Ok(progress.tally)
}

/// Asks each binary for its tests.
fn list<'a>(binaries: &'a [Binary], selection: &Selection<'_>, stage: &Stage) -> Result<Vec<Test<'a>>> {
    let mut tests: Vec<Test<'a>> = Vec::new();
    for binary in binaries {
        let mut command = stage.command(binary)?;
        let listing = process::output(command.args(["--list", "--format", "terse"]))?;
        tests.extend(test_names(&listing).into_iter().map(|name| Test {
            label: format!("{} {name}{}", binary.name, stage.guest()),
            binary,
            name,
        }));
    }
    for name in selection.only.unwrap_or_default() {
        if !tests.iter().any(|test| test.name == *name) {
            bail!("there is no test {name} to be run{}", stage.guest());
        }
    }
    tests.retain(|test| selection.has(test));
    Ok(tests)
}

fn work(progress: &Mutex<Progress<'_>>, stage: &Stage) -> Result<()> {
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let Some(test) = lock().next() else { return Ok(()) };
        let outcome = stage.scratch(test.binary, |scratch: &Path, log: &Path| {
            let mut command = stage.command(test.binary)?;
            command.args(["--exact", &test.name, "--nocapture"]);
            single::run(&mut command, scratch, log, LIMIT)
        })?;
        lock().finish(&test, outcome);
    }
}
