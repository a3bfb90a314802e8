//! `cargo xtask conformance`: builds Dockerfiles with known results (`tests/conformance`).

use crate::backend::Backend;
use crate::install_tree::Profile;
use crate::progress::Steps;
use crate::setup::{self, Guests, Plan};
use crate::{architecture::Architecture, install_tree, process, workspace};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Options of `cargo xtask conformance`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Directory of cases: cases.jsonl, contexts.tar.gz and expected.json.
    #[arg(long, value_name = "DIRECTORY")]
    cases: PathBuf,
    /// Directory of the images that the Dockerfiles start from: busybox.tar, alpine.tar and debian.tar, the files of their roots, and each as an
    /// OCI archive, busybox.oci.tar.
    #[arg(long, value_name = "DIRECTORY")]
    images: PathBuf,
    /// Builds at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Only cases whose id has one of these in it.
    filter: Vec<String>,
}

/// Sets up and builds every case.
///
/// # Errors
/// When this is not root, which contexts with owners need, something does not build, or an image is not as it should be.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("run as root: the files of the contexts have owners");
    }
    let steps = Steps::default();
    let plan = Plan {
        guests: Guests::of(&[Architecture::host()]),
        backend: Backend::default(),
        profile: Profile::Quick,
    };
    setup::build_all(&steps, &plan)?;
    let mut build = Command::new(workspace::cargo());
    build
        .args(["build", "--locked", "--package", "container-conformance"])
        .current_dir(workspace::root());
    steps.run("what compares images", || process::run(&mut build))?;
    let mut conformance = Command::new(workspace::target_directory().join("debug/conformance"));
    conformance.arg("--program").arg(install_tree::program());
    conformance.arg("--cases").arg(&arguments.cases);
    conformance.arg("--images").arg(&arguments.images);
    conformance
        .args(["--jobs", &arguments.jobs.to_string()])
        .args(&arguments.filter);
    process::run(&mut conformance)
}
