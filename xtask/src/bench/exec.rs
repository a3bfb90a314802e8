//! `container exec` of `true` in a running container.

use super::app_root::{AppRoot, IMAGE};
use super::sample::{Report, Samples};
use super::tree::{RATIO_TO_OTHER, Tree, Trees, other_label};
use crate::progress::say;
use anyhow::Result;

/// The aim under emulation, in milliseconds.
const LIMIT_MS: f64 = 40.0;

/// The container's name.
const NAME: &str = "bench-exec";

pub(crate) fn measure(trees: &Trees, runs: usize) -> Result<Report> {
    let label = "container exec CONTAINER true";
    let ours = Running::start(&trees.built)?;
    let other = trees.other.as_ref().map(Running::start).transpose()?;
    let mut ours_ms = Samples::new(label, "ms");
    let mut other_ms = Samples::new(other_label(label), "ms");
    for _ in 0..runs {
        ours_ms.time(|| ours.exec())?;
        if let Some(other) = &other {
            other_ms.time(|| other.exec())?;
        }
    }
    let median_ms = ours_ms.median();
    let ratio = ours_ms.ratio_to(&other_ms);
    let mut samples = vec![ours_ms];
    if other.is_some() {
        samples.push(other_ms);
    }
    let report = Report::new("exec", samples).verdict("median in ms", median_ms, Some(LIMIT_MS));
    Ok(match other {
        Some(_) => report.verdict(RATIO_TO_OTHER, ratio, None),
        None => report,
    })
}

/// A running container for `exec`. It is deleted when this value is dropped, also when a measurement failed.
struct Running {
    app_root: AppRoot,
}

impl Running {
    fn start(tree: &Tree) -> Result<Self> {
        let app_root = AppRoot::with_image(tree)?;
        app_root.quietly(&["run", "-d", "--name", NAME, IMAGE, "sleep", "600"])?;
        let running = Self { app_root };
        // Run once before measuring, so that all files are in the page cache.
        running.exec()?;
        Ok(running)
    }

    fn exec(&self) -> Result<()> {
        self.app_root.quietly(&["exec", NAME, "true"])
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.app_root.quietly(&["delete", "--force", NAME]) {
            say(format_args!("a container is left over: {error:#}"));
        }
    }
}
