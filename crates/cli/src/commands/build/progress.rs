//! What is shown of a build while it is under way, on standard error.
//!
//! Events change a state ([`board`] for a terminal), lines are made of the state ([`frame`]), and what draws knows neither builds nor clocks. Warnings are kept to
//! the end, where they are seen.

mod board;
mod frame;
mod json;
mod lines;
mod plain;
mod tty;
mod warnings;

use std::io;
use std::sync::Arc;

use clap::ValueEnum as _;
use container_build::{BuildProgress, NoBuildProgress};
use container_terminal::is_terminal;

use super::values::ProgressMode;
use crate::error::CommandError;
use json::JsonProgress;
pub(super) use lines::shown as shown_line;
use plain::PlainProgress;
use tty::TtyProgress;

/// Says how progress is shown where `--progress` does not, as in Docker.
const MODE_VARIABLE: &str = "BUILDKIT_PROGRESS";

/// Shows a build.
pub(super) trait Shown: BuildProgress {
    /// Nothing more is shown but whatever stays for the user to read, once.
    fn end(&self);
}

impl Shown for NoBuildProgress {
    fn end(&self) {}
}

/// How a build is shown.
pub(super) fn mode(flag: Option<ProgressMode>, quiet: bool) -> Result<ProgressMode, CommandError> {
    match (quiet, flag) {
        (true, _) => Ok(ProgressMode::Quiet),
        (false, Some(mode)) => Ok(mode),
        (false, None) => of_environment(),
    }
}

/// Shows a build.
pub(super) fn shown(mode: ProgressMode) -> Arc<dyn Shown> {
    match mode {
        ProgressMode::Quiet => Arc::new(NoBuildProgress),
        ProgressMode::Auto if is_terminal(io::stderr()) => terminal(),
        ProgressMode::Auto | ProgressMode::Plain => Arc::new(PlainProgress::default()),
        ProgressMode::Tty => terminal(),
        ProgressMode::Rawjson => Arc::new(JsonProgress::default()),
    }
}

/// Without a thread to draw there are lines, which is no reason to fail.
fn terminal() -> Arc<dyn Shown> {
    match TtyProgress::start() {
        Ok(progress) => Arc::new(progress),
        Err(_) => Arc::new(PlainProgress::default()),
    }
}

fn of_environment() -> Result<ProgressMode, CommandError> {
    let Some(text) = std::env::var_os(MODE_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(ProgressMode::Auto);
    };
    let text = text.to_string_lossy();
    ProgressMode::from_str(&text, true).map_err(|_| {
        CommandError::usage(format!("{MODE_VARIABLE} is {text:?}, which is no way to show progress"))
            .with_hint("auto, tty, plain, quiet or rawjson")
    })
}
