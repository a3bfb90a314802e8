//! `container exec` of `true` in a running container.

use super::laboratory::{IMAGE, Laboratory};
use super::sample::{Report, Samples};
use anyhow::Result;

/// The aim under emulation, in milliseconds.
const LIMIT_MS: f64 = 40.0;

/// The container's name.
const NAME: &str = "bench-exec";

pub(crate) fn measure(runs: usize) -> Result<Report> {
    let laboratory = Laboratory::with_image()?;
    laboratory.quietly(&["run", "-d", "--name", NAME, IMAGE, "sleep", "600"])?;
    let mut samples = Samples::new("container exec CONTAINER true", "ms");
    let mut measure = || {
        laboratory.quietly(&["exec", NAME, "true"])?;
        (0..runs).try_for_each(|_| samples.time(|| laboratory.quietly(&["exec", NAME, "true"])))
    };
    let outcome = measure();
    // The container goes away also when a measurement failed.
    laboratory.quietly(&["delete", "--force", NAME])?;
    outcome?;
    let median_ms = samples.median();
    Ok(Report::new("exec", vec![samples]).verdict("median in ms", median_ms, Some(LIMIT_MS)))
}
