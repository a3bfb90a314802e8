//! `container exec` of `true` in a running container.

use super::laboratory::{IMAGE, Laboratory};
use super::sample::{Report, Samples};
use super::tree::{Contest, RATIO_TO_OTHER, Tree, other_label};
use crate::progress::say;
use anyhow::Result;

/// The aim under emulation, in milliseconds.
const LIMIT_MS: f64 = 40.0;

/// The container's name.
const NAME: &str = "bench-exec";

pub(crate) fn measure(contest: &Contest, runs: usize) -> Result<Report> {
    let label = "container exec CONTAINER true";
    let ours = Running::start(&contest.built)?;
    let other = contest.other.as_ref().map(Running::start).transpose()?;
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

/// A container that waits for commands; it goes away with this value, also when a measurement failed.
struct Running {
    laboratory: Laboratory,
}

impl Running {
    fn start(tree: &Tree) -> Result<Self> {
        let laboratory = Laboratory::with_image(tree)?;
        laboratory.quietly(&["run", "-d", "--name", NAME, IMAGE, "sleep", "600"])?;
        let running = Self { laboratory };
        // One first, so that no file is read for the first time while the clock runs.
        running.exec()?;
        Ok(running)
    }

    fn exec(&self) -> Result<()> {
        self.laboratory.quietly(&["exec", NAME, "true"])
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.laboratory.quietly(&["delete", "--force", NAME]) {
            say(format_args!("a container is left over: {error:#}"));
        }
    }
}
