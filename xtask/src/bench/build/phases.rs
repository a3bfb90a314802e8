//! What a build spends its time on, as its own progress says.

use super::contexts::Context;
use crate::bench::app_root::AppRoot;
use crate::bench::sample::Samples;
use crate::process;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;

/// The seconds of each vertex of one build without a cache: lines such as `#4 [2/5] RUN make` and `#4 DONE 1.2s`.
pub(super) fn of(app_root: &AppRoot, context: &Context, images: &[String]) -> Result<Vec<Samples>> {
    let mut command = super::command(app_root, context, images, &["--no-cache", "--progress", "plain"]);
    let output = command.output().with_context(|| process::line(&command))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", process::line(&command), output.status);
    }
    Ok(parse(&String::from_utf8_lossy(&output.stderr)))
}

fn parse(progress: &str) -> Vec<Samples> {
    let mut names = BTreeMap::<&str, &str>::new();
    let mut phases = Vec::new();
    for line in progress.lines() {
        let Some((number, words)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let name = *names.entry(number).or_insert(words);
        let seconds = words.strip_prefix("DONE ").and_then(|words| words.strip_suffix('s'));
        if let Some(seconds) = seconds.and_then(|seconds| seconds.parse::<f64>().ok()) {
            let mut samples = Samples::new(format!("phase: {name}"), "ms");
            samples.add(seconds * 1e3);
            phases.push(samples);
        }
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vertex_is_named_by_its_first_line() {
        let progress = "#1 [internal] load\n#2 [2/5] RUN make\n#1 DONE 0.1s\n#2 0.3 cc\n#2 DONE 1.5s\nERROR\n";
        let phases = parse(progress);
        let medians: Vec<f64> = phases.iter().map(Samples::median).collect();
        assert_eq!(medians, [100.0, 1500.0]);
    }
}
