//! A cold `cargo xtask setup`: empty caches, an empty target directory; downloads included.

use super::sample::{Report, Samples};
use crate::{process, workspace};
use anyhow::Result;
use std::process::Command;

pub(crate) fn measure() -> Result<Report> {
    let scratch = tempfile::Builder::new()
        .prefix("container-setup-")
        .tempdir_in(workspace::target_directory())?;
    let mut samples = Samples::new("cargo xtask setup, cold", "ms");
    samples.time(|| {
        process::run(
            Command::new(workspace::cargo())
                .args(["xtask", "setup"])
                .current_dir(workspace::root())
                .env("CARGO_TARGET_DIR", scratch.path().join("target"))
                .env("CONTAINER_CACHE", scratch.path().join("cache")),
        )
    })?;
    Ok(Report::new("setup", vec![samples]))
}
