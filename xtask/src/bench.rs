//! `cargo xtask bench`: measurements against a limit or a peer in the same run.
//!
//! Numbers of another day or another machine cannot be compared, so every benchmark also measures what it compares with, in turn, and reports
//! medians and the ratio. The program is built in the `release` profile first. The table goes to standard error, JSON to standard output.

mod app_root;
mod bare_machine;
mod build;
mod exec;
mod images;
mod layers;
mod life;
mod memory;
mod network;
mod noise;
mod podman;
mod processes;
mod sample;
mod setup;
mod sizes;
mod start;
mod storage;
mod tree;

use crate::architecture::Architecture;
use crate::install_tree::{self, Profile};
use anyhow::Result;
use clap::ValueEnum;
use sample::Report;
use std::path::PathBuf;
use tree::{Tree, Trees};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure; everything but `images`, `build`, `life`, `network`, `storage`, `setup` and `sizes` when none is named.
    #[arg(value_enum)]
    benchmarks: Vec<Benchmark>,
    /// How often each thing is measured.
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// Architecture of the guests that `start` measures. One that is not the host's is emulated.
    #[arg(long, value_enum, default_value_t = Architecture::host())]
    arch: Architecture,
    /// Another install tree, measured in turn with target/dist by `start`, `exec`, `images` and `memory`.
    #[arg(long, value_name = "DIRECTORY")]
    against: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// `container run --rm IMAGE true` against a bare QEMU with the same kernel.
    Start,
    /// `container exec` of `true` in a running container.
    Exec,
    /// Layer disks of a 500 MB layer and of one with 112,000 files against gzip, sha256sum and tar.
    Layers,
    /// `container image pull` against `podman pull` and against inflating and hashing; needs root.
    Images,
    /// `container build` against `buildah bud --layers`; needs root.
    Build,
    /// Verbs, logs and idle containers against podman, restart storms, and what others notice of floods; needs root.
    Life,
    /// Resident memory of our processes and size of what a guest loads.
    Memory,
    /// What a network carries and takes, against passt and QEMU's user network, and what it adds to `container run`.
    Network,
    /// Shared directories against a bare machine with the same device, `cp` and `commit` against podman and gzip; needs root.
    Storage,
    /// A cold `cargo xtask setup`, with empty caches.
    Setup,
    /// Sizes of programs, kernels and initial file systems, for every architecture in the install tree.
    Sizes,
}

/// Measures and reports.
///
/// # Errors
/// When something that is to be measured does not work.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let default = [Benchmark::Start, Benchmark::Exec, Benchmark::Layers, Benchmark::Memory];
    let chosen = if arguments.benchmarks.is_empty() {
        &default[..]
    } else {
        &arguments.benchmarks
    };
    if chosen.iter().any(|benchmark| *benchmark != Benchmark::Setup) {
        // The release profile is measured, whatever profile the install tree was made with.
        install_tree::build_program(Profile::Release)?;
    }
    let trees = Trees {
        built: Tree::built()?,
        other: arguments.against.as_deref().map(Tree::at).transpose()?,
    };
    let mut reports: Vec<Report> = Vec::new();
    for benchmark in chosen {
        let report = match benchmark {
            Benchmark::Start => start::measure(&trees, arguments.arch, arguments.runs),
            Benchmark::Exec => exec::measure(&trees, arguments.runs),
            Benchmark::Layers => layers::measure(&trees.built, arguments.runs.min(3)),
            Benchmark::Images => images::measure(&trees, arguments.runs.clamp(3, 5)),
            Benchmark::Build => build::measure(&trees.built, arguments.runs.min(5)),
            Benchmark::Life => life::measure(&trees.built, arguments.runs),
            Benchmark::Memory => memory::measure(&trees),
            Benchmark::Network => network::measure(&trees.built, arguments.runs),
            Benchmark::Storage => storage::measure(&trees.built, arguments.runs),
            Benchmark::Setup => setup::measure(),
            Benchmark::Sizes => sizes::measure(&trees),
        }?;
        eprint!("{report}");
        reports.push(report);
    }
    println!(
        "{}",
        serde_json::to_string_pretty(&reports.iter().map(Report::json).collect::<Vec<_>>())?
    );
    Ok(())
}
