//! `cargo xtask fuzz`: every target of `tests/fuzz` for some seconds, guided by coverage.
//!
//! libFuzzer is linked in by the crate `libfuzzer-sys`, and the compiler's own pass counts which branches an input takes; both work with a stable
//! compiler, so neither cargo-fuzz nor a nightly compiler is needed. The inputs found are kept in `target/fuzz/corpus`, where the next run starts,
//! as it does with those in `tests/fuzz/seeds/<target>`, which are ours and are not written to.

use crate::architecture::Architecture;
use crate::progress::say;
use crate::{debian, process, workspace};
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Compiler flags that count branches in the form that libFuzzer reads ("Tracing PCs with guards", SanitizerCoverage in Clang's manual).
const COVERAGE_FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1";
/// An input that takes longer than this is a finding.
const INPUT_LIMIT_S: u32 = 10;
/// An input that takes more memory is a finding.
const MEMORY_LIMIT_MIB: u32 = 1024;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long each target runs.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// The targets; all of them when none is named.
    targets: Vec<String>,
}

/// Builds the targets and runs them, as many at a time as there are processors.
///
/// # Errors
/// When one does not build, or when an input makes one fail: the message has the file with that input.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    debian::install(&debian::for_fuzzing())?;
    let known = targets(&workspace::root().join("tests/fuzz/fuzz_targets"))?;
    if let Some(unknown) = arguments.targets.iter().find(|target| !known.contains(target)) {
        bail!("no fuzz target {unknown}; there are: {}", known.join(", "));
    }
    let chosen = if arguments.targets.is_empty() {
        known
    } else {
        arguments.targets.clone()
    };
    let directory = workspace::target_directory().join("fuzz");
    let programs = build(&directory)?;
    let waiting = Mutex::new(VecDeque::from(chosen));
    let findings = Mutex::new(Vec::new());
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(target) = next else { break };
                    if let Err(error) = fuzz(&programs.join(&target), &target, &directory, arguments.seconds) {
                        let mut findings = findings.lock().unwrap_or_else(PoisonError::into_inner);
                        findings.push(format!("{error:#}"));
                    }
                }
            });
        }
    });
    let findings = findings.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !findings.is_empty() {
        bail!("{}", findings.join("\n"));
    }
    Ok(())
}

/// The names of the targets, which are those of their files.
fn targets(directory: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Compiles all targets and returns the directory with their programs.
fn build(directory: &Path) -> Result<PathBuf> {
    say("compiling the fuzz targets");
    // With a target named, build scripts and procedural macros are compiled without the flags.
    let target = format!("{}-unknown-linux-gnu", Architecture::host().name());
    process::run(
        Command::new(workspace::cargo())
            .args([
                "build",
                "--quiet",
                "--locked",
                "--release",
                "--bins",
                "--target",
                &target,
            ])
            .current_dir(workspace::root().join("tests/fuzz"))
            .env("CARGO_TARGET_DIR", directory)
            .env("RUSTFLAGS", COVERAGE_FLAGS),
    )?;
    Ok(directory.join(target).join("release"))
}

/// Runs one target. Its output is shown when it finds something.
fn fuzz(program: &Path, target: &str, directory: &Path, seconds: u32) -> Result<()> {
    let (corpus, artifacts) = (
        directory.join("corpus").join(target),
        directory.join("artifacts").join(target),
    );
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    // In memory where possible: stores sync, which takes longer than everything else.
    let scratch = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
    say(format_args!("fuzzing {target} for {seconds} s"));
    let seeds = workspace::root().join("tests/fuzz/seeds").join(target);
    let output = Command::new(program)
        .arg(&corpus)
        .args(seeds.is_dir().then_some(seeds))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={INPUT_LIMIT_S}"))
        .arg(format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .env("TMPDIR", scratch.path())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!(
            "fuzz target {target} failed ({}); the input is in {}:\n{}",
            output.status,
            artifacts.display(),
            said.trim_end()
        );
    }
    let runs = runs(&said).with_context(|| format!("fuzz target {target} does not say how often it ran:\n{said}"))?;
    say(format_args!("{target}: {runs} runs, nothing found"));
    Ok(())
}

/// The number in libFuzzer's last line, `Done 1234 runs in 21 second(s)`.
fn runs(said: &str) -> Option<u64> {
    said.lines()
        .rev()
        .find_map(|line| line.strip_prefix("Done ")?.split(' ').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_those_that_the_manifest_builds() {
        let directory = workspace::root().join("tests/fuzz");
        let manifest: toml::Table = fs::read_to_string(directory.join("Cargo.toml"))
            .unwrap()
            .parse()
            .unwrap();
        let mut built: Vec<String> = manifest["bin"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bin| bin["name"].as_str().unwrap().to_owned())
            .collect();
        built.sort();
        assert_eq!(targets(&directory.join("fuzz_targets")).unwrap(), built);
    }

    #[test]
    fn the_number_of_runs_is_read() {
        assert_eq!(runs("#1 INITED\nDone 1234 runs in 21 second(s)\n"), Some(1234));
        assert_eq!(runs("nothing"), None);
    }
}
