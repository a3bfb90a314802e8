//! `container build` against `buildah bud --layers`, in turn.
//!
//! Both start from the same busybox image, in stores of their own. buildah runs its commands in a chroot, the least that it can isolate them by.

mod buildah;
mod contexts;
mod phases;

use super::app_root::{AppRoot, IMAGE};
use super::sample::{Report, Samples};
use super::tree::Tree;
use crate::architecture::Architecture;
use crate::oci_archive::{self, Layer};
use crate::progress::say;
use crate::test::debian_tar;
use crate::{debian, process};
use anyhow::{Context as _, Result, bail};
use buildah::Buildah;
use contexts::Context;
use std::fs;
use std::process::Command;

/// Time of a build of which everything is in the cache, milliseconds, and over buildah's.
const LIMIT_CACHED_MS: f64 = 100.0;
const LIMIT_CACHED_RATIO: f64 = 0.1;
/// Time of a build without the start of its machine over all of buildah's.
const LIMIT_REST_RATIO: f64 = 1.0;
/// Largest resident memory of the program while it copies a large context, MiB.
const LIMIT_MEMORY_MIB: f64 = 200.0;

/// The name of what is built.
const TAG: &str = "localhost/bench-build:latest";
/// The image with a compiler.
const COMPILER: &str = "bench-compiler:latest";

/// Measures all of it.
///
/// # Errors
/// When this is not root, or anything that is to be measured does not work.
pub(super) fn measure(tree: &Tree, runs: usize) -> Result<Report> {
    if !rustix::process::geteuid().is_root() {
        bail!("run as root: buildah's overlay needs it");
    }
    debian::install(&debian::for_build_bench())?;
    let app_root = AppRoot::with_image(tree)?;
    let sides = Sides::new(&app_root)?;
    let contexts = contexts::write(app_root.path())?;
    let mut samples = Vec::new();
    let mut verdicts = Vec::new();

    let machine = machine_start(&app_root, runs)?;
    let (cold, cold_peer) = both("five steps, cold", runs, |side| {
        sides.build(side, &contexts.steps, &["--no-cache"])
    })?;
    let rest = cold.minus(&machine, "five steps, cold, without a machine's start");
    verdicts.push((
        "five steps without a machine's start, to buildah".to_owned(),
        rest.ratio_to(&cold_peer),
        Some(LIMIT_REST_RATIO),
    ));
    verdicts.push(("five steps, to buildah".to_owned(), cold.ratio_to(&cold_peer), None));
    samples.extend([machine, cold, rest, cold_peer]);
    samples.extend(phases::of(&app_root, &contexts.steps, &sides.ours)?);

    let (cached, cached_peer) = both("five steps, all cached", runs, |side| {
        sides.build(side, &contexts.steps, &[])
    })?;
    verdicts.push(("all cached, ms".to_owned(), cached.median(), Some(LIMIT_CACHED_MS)));
    verdicts.push((
        "all cached, to buildah".to_owned(),
        cached.ratio_to(&cached_peer),
        Some(LIMIT_CACHED_RATIO),
    ));
    samples.extend([cached, cached_peer]);

    let mut change = 0_usize;
    let (changed, changed_peer) = both("one of 10,000 files changed", runs, |side| {
        change += 1;
        contexts::change(&contexts.many, change)?;
        sides.build(side, &contexts.many, &[])
    })?;
    verdicts.push((
        "one of 10,000 files, to buildah".to_owned(),
        changed.ratio_to(&changed_peer),
        None,
    ));
    samples.extend([changed, changed_peer]);

    let (compiled, compiled_peer) = both("a C program in two stages", runs, |side| {
        sides.build(side, &contexts.compile, &["--no-cache"])
    })?;
    verdicts.push((
        "a C program, to buildah".to_owned(),
        compiled.ratio_to(&compiled_peer),
        None,
    ));
    samples.extend([compiled, compiled_peer]);

    let memory = peak_memory(&sides, &contexts::large(app_root.path())?)?;
    verdicts.push((
        "peak memory of a 2 GiB context, MiB".to_owned(),
        memory.maximum(),
        Some(LIMIT_MEMORY_MIB),
    ));
    samples.push(memory);
    let report = Report::new("build", samples);
    Ok(verdicts.into_iter().fold(report, |report, (label, value, limit)| {
        report.verdict(label, value, limit)
    }))
}

/// Who builds.
#[derive(Clone, Copy)]
enum Side {
    Ours,
    Buildah,
}

/// Both, with the flags that name their images: these are not called the same.
struct Sides<'a> {
    app_root: &'a AppRoot,
    buildah: Buildah,
    ours: Vec<String>,
    theirs: Vec<String>,
}

impl<'a> Sides<'a> {
    fn new(app_root: &'a AppRoot) -> Result<Self> {
        let buildah = Buildah::new(app_root)?;
        let root = fs::read(debian_tar::compiler()?)?;
        let compiler = app_root.path().join("compiler.tar");
        oci_archive::write(&Layer::plain(root), Architecture::host(), COMPILER, &compiler)?;
        app_root.quietly(&["image", "load", "--input", &compiler.to_string_lossy()])?;
        let names = |base: &str, compiler: &str| {
            vec![
                format!("--build-arg=BASE={base}"),
                format!("--build-arg=COMPILER={compiler}"),
            ]
        };
        let theirs = names(
            &buildah.take(&app_root.path().join("image.tar"))?,
            &buildah.take(&compiler)?,
        );
        Ok(Self {
            app_root,
            buildah,
            ours: names(IMAGE, COMPILER),
            theirs,
        })
    }

    fn build(&self, side: Side, context: &Context, flags: &[&str]) -> Result<()> {
        match side {
            Side::Ours => process::output(&mut command(self.app_root, context, &self.ours, flags)).map(drop),
            Side::Buildah => self.buildah.build(context, &self.theirs, flags),
        }
    }
}

/// Times both sides in turn, after each has done it once.
fn both(label: &str, runs: usize, mut build: impl FnMut(Side) -> Result<()>) -> Result<(Samples, Samples)> {
    let mut ours = Samples::new(format!("{label}: container build"), "ms");
    let mut peer = Samples::new(format!("{label}: buildah bud"), "ms");
    build(Side::Ours)?;
    build(Side::Buildah)?;
    for run in 1..=runs {
        say(format_args!("{label}: run {run} of {runs}"));
        ours.time(|| build(Side::Ours))?;
        peer.time(|| build(Side::Buildah))?;
    }
    Ok((ours, peer))
}

fn command(app_root: &AppRoot, context: &Context, images: &[String], flags: &[&str]) -> Command {
    let mut command = app_root.container(&["build", "--tag", TAG]);
    command.args(images).args(flags).arg(&context.directory);
    command
}

/// What a container takes that does nothing: the start of a machine, which a build that runs commands has once.
fn machine_start(app_root: &AppRoot, runs: usize) -> Result<Samples> {
    let mut samples = Samples::new("a machine's start (container run of true)", "ms");
    for _ in 0..runs {
        samples.time(|| app_root.quietly(&["run", "--rm", IMAGE, "true"]))?;
    }
    Ok(samples)
}

fn peak_memory(sides: &Sides<'_>, context: &Context) -> Result<Samples> {
    let peak = sides.app_root.path().join("peak");
    let build = command(sides.app_root, context, &sides.ours, &["--no-cache"]);
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["--format=%M", "--output"]).arg(&peak);
    timed.arg(build.get_program()).args(build.get_args());
    for (name, value) in build.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    process::output(&mut timed)?;
    let kibibytes: f64 = fs::read_to_string(&peak)?
        .trim()
        .parse()
        .context("time wrote no number")?;
    let mut samples = Samples::new("peak resident memory, 2 GiB context", "MiB");
    samples.add(kibibytes / 1024.0);
    Ok(samples)
}
