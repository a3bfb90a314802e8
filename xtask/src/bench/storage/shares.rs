//! Work on a shared directory: in a container of ours, in a machine without our program that has the same device, and in podman, which has no
//! machine and shows what one costs.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::podman::Podman;
use super::super::sample::Samples;
use super::bare_share::BareShare;
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The kinds of work that `files-load` does, in its order.
const KINDS: [&str; 8] = [
    "write_in_order",
    "read_in_order",
    "write_without_order",
    "read_without_order",
    "create_files",
    "look_at_files",
    "read_files",
    "remove_files",
];

/// Times, and ours over those of the bare machine for each kind of work.
pub(super) struct Shares {
    pub(super) samples: Vec<Samples>,
    pub(super) to_bare: Vec<(&'static str, f64)>,
}

pub(super) fn measure(app_root: &AppRoot, podman: &Podman, program: &Path, runs: usize) -> Result<Shares> {
    let place = app_root.path().join("shared");
    fs::create_dir(&place)?;
    let bare = BareShare::new(app_root, program, &place)?;
    let programs = podman.directory_with(program)?;
    let (programs, shared) = (format!("{programs}:/p:ro"), format!("{}:/d", place.display()));
    let flags = ["--rm", "-v", &programs, "-v", &shared];
    let words = ["/p/files-load", "/d"];
    let of = |name: &str| KINDS.map(|kind| Samples::new(format!("{name}: {kind}"), "ms"));
    let (mut ours, mut theirs, mut without) = (of("share"), of("bare machine"), of("podman"));
    for run in 1..=runs {
        say(format_args!("shared directories: round {run} of {runs}"));
        add(&mut theirs, &bare.run()?)?;
        let line = [&["run", "-m", "1g", "-c", "1"], &flags[..], &[IMAGE], &words].concat();
        add(&mut ours, &process::output(&mut app_root.container(&line))?)?;
        add(&mut without, &process::output(&mut podman.run(&flags, &words))?)?;
    }
    let to_bare = KINDS.iter().zip(&ours).zip(&theirs);
    let to_bare = to_bare.map(|((kind, ours), theirs)| (*kind, ours.ratio_to(theirs)));
    Ok(Shares {
        to_bare: to_bare.collect(),
        samples: [ours, theirs, without].into_iter().flatten().collect(),
    })
}

/// Adds the times that `files-load` printed.
fn add(samples: &mut [Samples], printed: &str) -> Result<()> {
    for (samples, kind) in samples.iter_mut().zip(KINDS) {
        let time = printed
            .lines()
            .find_map(|line| line.trim_end().strip_prefix(kind)?.strip_prefix(' '));
        let time = time.with_context(|| format!("no time of {kind} in: {}", printed.trim_end()))?;
        samples.add(time.parse().with_context(|| format!("not a time: {time}"))?);
    }
    Ok(())
}
