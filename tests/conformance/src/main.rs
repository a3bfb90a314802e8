//! Builds every case of a directory with `container build` and compares the image with the recorded one: whether it is built, the files of its root, and
//! its configuration. Not compared: times, history, how many layers there are, and what every machine brings itself (`/dev`, `/etc/hosts`, …).
//!
//! A directory of cases has `cases.jsonl` (a case a line), `contexts.tar.gz` (their contexts) and `expected.json` (results by the case's id).

mod base;
mod case;
mod compare;
mod deviations;
mod node;
mod program;
mod saved_image;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use base::Bases;
use case::{Case, Expected};
use program::Program;

/// Builds Dockerfiles with known results and compares.
#[derive(Parser)]
struct Arguments {
    /// The `container` program.
    #[arg(long)]
    program: PathBuf,
    /// Directory of cases.
    #[arg(long)]
    cases: PathBuf,
    /// Directory with the base images: `busybox.tar`, `alpine.tar` and `debian.tar`, the files of their roots, and each as an OCI archive, `busybox.oci.tar`.
    #[arg(long)]
    images: PathBuf,
    /// Builds at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Only cases whose id has one of these in it.
    filter: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Passed,
    Deviates,
    Failed,
    PassedAlthoughListed,
}

impl Verdict {
    fn of(id: &str, difference: Option<&str>) -> Self {
        match (difference, deviations::reason(id)) {
            (None, None) => Self::Passed,
            (Some(_), Some(_)) => Self::Deviates,
            (Some(_), None) => Self::Failed,
            (None, Some(_)) => Self::PassedAlthoughListed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Deviates => "deviates",
            Self::Failed => "FAIL",
            Self::PassedAlthoughListed => "FAIL (listed as a deviation, but passes)",
        }
    }

    fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::Deviates)
    }
}

/// Whether every case is as recorded, or listed as a deviation.
fn run(arguments: &Arguments) -> Result<bool> {
    let scratch = tempfile::Builder::new().prefix("conformance-").tempdir()?;
    let contexts = unpack(&arguments.cases.join("contexts.tar.gz"), scratch.path())?;
    let (cases, expected) = read(&arguments.cases)?;
    let asked =
        |case: &&Case| arguments.filter.is_empty() || arguments.filter.iter().any(|text| case.id.contains(text));
    let cases: Vec<&Case> = cases.iter().filter(asked).collect();
    if cases.is_empty() {
        bail!("no case has one of these in its id: {}", arguments.filter.join(", "));
    }
    let bases = Bases::read(&arguments.images)?;
    let program = Program::new(&arguments.program, scratch.path())?;
    bases.load(&program)?;
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::<Verdict, usize>::new());
    let work = || -> Result<()> {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let expected = expected
                .get(&case.id)
                .with_context(|| format!("{} has no result", case.id))?;
            let difference = build(case, expected, &contexts, &program, &bases)?;
            let verdict = Verdict::of(&case.id, difference.as_deref());
            println!("{} {} {}", verdict.word(), case.id, difference.unwrap_or_default());
            if let Ok(mut verdicts) = verdicts.lock() {
                *verdicts.entry(verdict).or_default() += 1;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().ok().context("a worker panicked")?)
    })?;
    let verdicts = verdicts.into_inner().unwrap_or_default();
    let count = |verdict| verdicts.get(&verdict).copied().unwrap_or_default();
    let failed = count(Verdict::Failed) + count(Verdict::PassedAlthoughListed);
    println!(
        "{} passed, {} deviate for a known reason, {failed} failed",
        count(Verdict::Passed),
        count(Verdict::Deviates)
    );
    Ok(verdicts.keys().all(|verdict| verdict.is_good()))
}

/// How the image of a case differs from the recorded one.
fn build(
    case: &Case,
    expected: &Expected,
    contexts: &Path,
    program: &Program,
    bases: &Bases,
) -> Result<Option<String>> {
    let built = program.build(case, &contexts.join(&case.context))?;
    match (expected.ok, built) {
        (true, Err(words)) => Ok(Some(format!("is not built: {words}"))),
        (false, Ok(_)) => Ok(Some("is built, and should not be".to_owned())),
        (false, Err(_)) => Ok(None),
        (true, Ok(image)) => Ok(compare::difference(expected, image.tree()?, image.config(), bases)),
    }
}

fn read(directory: &Path) -> Result<(Vec<Case>, BTreeMap<String, Expected>)> {
    let text = |name: &str| {
        let path = directory.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let lines = text("cases.jsonl")?;
    let cases = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    Ok((cases, serde_json::from_str(&text("expected.json")?)?))
}

/// Unpacks the contexts with tar(1), which gives them owners, special bits and extended attributes only as root.
fn unpack(archive: &Path, scratch: &Path) -> Result<PathBuf> {
    let contexts = scratch.join("contexts");
    std::fs::create_dir(&contexts)?;
    let mut command = Command::new("tar");
    command.args(["--xattrs", "--xattrs-include=*", "-xzpf"]);
    let status = command.arg(archive).arg("-C").arg(&contexts).status()?;
    match status.success() {
        true => Ok(contexts),
        false => bail!("cannot unpack {}", archive.display()),
    }
}
