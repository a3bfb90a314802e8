//! `cp` of a large file and of many small ones, into a container and out of it, running and stopped, against `podman cp` into a running one; and
//! `commit` against `gzip -1` of the same bytes.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::noise::Noise;
use super::super::podman::Podman;
use super::super::sample::Samples;
use crate::process;
use crate::progress::say;
use anyhow::Result;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The large file, of which every other MiB is random and the rest repeats itself.
const LARGE_MIB: usize = 1024;
/// Of it, what `commit` has to compress.
const COMMIT_MIB: usize = 500;
/// The small files, a hundred of them in a directory.
const FILES: usize = 10_000;

const NAME: &str = "copier";

/// Times, and speeds over podman's.
pub(super) struct Copies {
    pub(super) samples: Vec<Samples>,
    pub(super) speeds: Vec<(String, f64)>,
    pub(super) commit_to_gzip: f64,
}

/// One thing that is copied.
struct Load {
    label: &'static str,
    path: PathBuf,
}

/// The four ways of one load with one program.
struct Ways {
    inward: Samples,
    outward: Samples,
}

impl Ways {
    fn new(who: &str, label: &str) -> Self {
        Self {
            inward: Samples::new(format!("{who}: {label} in"), "ms"),
            outward: Samples::new(format!("{who}: {label} out"), "ms"),
        }
    }

    /// Copies in to a new name, out again, and removes what came out.
    fn measure(&mut self, load: &Load, run: usize, mut command: impl FnMut(&str, &str) -> Command) -> Result<()> {
        let inside = format!("{NAME}:/{}-{run}", load.label.replace(' ', "-"));
        let back = load.path.with_extension("back");
        self.inward
            .time(|| process::output(&mut command(&text(&load.path), &inside)).map(drop))?;
        self.outward
            .time(|| process::output(&mut command(&inside, &text(&back))).map(drop))?;
        if back.is_dir() {
            fs::remove_dir_all(back)?;
        } else {
            fs::remove_file(back)?;
        }
        Ok(())
    }
}

pub(super) fn measure(app_root: &AppRoot, podman: &Podman, runs: usize) -> Result<Copies> {
    let loads = loads(app_root.path())?;
    let mut samples = Vec::new();
    let mut speeds = Vec::new();
    app_root.quietly(&["run", "-d", "--name", NAME, IMAGE, "sleep", "100000"])?;
    process::output(&mut podman.run(&["-d", "--name", NAME], &["sleep", "100000"]))?;
    for load in &loads {
        let label = load.label;
        let mut running = Ways::new("running", label);
        let mut stopped = Ways::new("stopped", label);
        let mut theirs = Ways::new("podman", label);
        for run in 1..=runs {
            say(format_args!("cp of {label}: round {run} of {runs}"));
            theirs.measure(load, run, |from, to| podman.command(&["cp", from, to]))?;
            running.measure(load, run, |from, to| app_root.container(&["cp", from, to]))?;
            app_root.quietly(&["stop", NAME])?;
            stopped.measure(load, run + runs, |from, to| app_root.container(&["cp", from, to]))?;
            app_root.quietly(&["start", NAME])?;
            remove_copies(app_root)?;
        }
        for (how, ours) in [("running", &running), ("stopped", &stopped)] {
            speeds.push((format!("{label} in, {how}"), theirs.inward.ratio_to(&ours.inward)));
            speeds.push((format!("{label} out, {how}"), theirs.outward.ratio_to(&ours.outward)));
        }
        for ways in [running, stopped, theirs] {
            samples.extend([ways.inward, ways.outward]);
        }
    }
    let (commit, gzip) = commit(app_root, runs)?;
    let commit_to_gzip = commit.ratio_to(&gzip);
    samples.extend([commit, gzip]);
    app_root.quietly(&["delete", "--force", NAME])?;
    Ok(Copies {
        samples,
        speeds,
        commit_to_gzip,
    })
}

fn remove_copies(app_root: &AppRoot) -> Result<()> {
    app_root.quietly(&["exec", NAME, "sh", "-c", "rm -rf /large-* /small-*"])
}

/// What is copied: one large file, and a tree of small ones.
fn loads(directory: &Path) -> Result<[Load; 2]> {
    let large = directory.join("large");
    write_noise(&large, LARGE_MIB)?;
    let small = directory.join("small");
    for index in 0..FILES {
        let place = small.join((index / 100).to_string());
        fs::create_dir_all(&place)?;
        fs::write(place.join(index.to_string()), [b'x'; 3000])?;
    }
    Ok([
        Load {
            label: "large file",
            path: large,
        },
        Load {
            label: "small files",
            path: small,
        },
    ])
}

fn write_noise(path: &Path, mebibytes: usize) -> Result<()> {
    let mut noise = Noise::new(5);
    let mut file = BufWriter::new(File::create(path)?);
    let line: Vec<u8> = b"the quick brown fox\n".iter().copied().cycle().take(1 << 20).collect();
    for index in 0..mebibytes {
        if index.is_multiple_of(2) {
            file.write_all(&noise.random(1 << 20))?;
        } else {
            file.write_all(&line)?;
        }
    }
    file.flush()?;
    Ok(())
}

/// A stopped container whose writable disk has the bytes, against gzip with those bytes.
fn commit(app_root: &AppRoot, runs: usize) -> Result<(Samples, Samples)> {
    let source = app_root.path().join("committed");
    write_noise(&source, COMMIT_MIB)?;
    app_root.quietly(&["cp", &text(&source), &format!("{NAME}:/committed")])?;
    app_root.quietly(&["stop", NAME])?;
    let mut ours = Samples::new(format!("commit of {COMMIT_MIB} MiB"), "ms");
    let mut gzip = Samples::new(format!("gzip -1 of {COMMIT_MIB} MiB"), "ms");
    for run in 1..=runs {
        say(format_args!("commit: round {run} of {runs}"));
        gzip.time(|| {
            let mut command = Command::new("gzip");
            command.args(["-1", "-c"]).arg(&source);
            let output = File::create(app_root.path().join("committed.gz"))?;
            process::run(command.stdin(Stdio::null()).stdout(output))
        })?;
        let image = format!("committed:{run}");
        ours.time(|| process::output(&mut app_root.container(&["commit", NAME, &image])).map(drop))?;
        app_root.quietly(&["image", "delete", &image])?;
    }
    Ok((ours, gzip))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
