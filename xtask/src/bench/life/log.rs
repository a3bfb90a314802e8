//! A log of 1 GiB: how quickly it is written, and how quickly its end is read, beside podman's.

use super::super::sample::Samples;
use super::peers::{Comparison, Pair, Peers};
use crate::process;
use anyhow::{Result, ensure};

const NAME: &str = "log";
/// Writes 1 GiB in lines of 64 bytes: a file of 1 MiB again and again, so that the making of lines, which takes longer on an emulated processor than
/// their way into the log, is not measured.
const PROGRAM: &str = "yes 012345678901234567890123456789012345678901234567890123456789012 | head -c 1048576 > /lines; \
                       cat $(yes /lines | head -n 1024)";
/// What is in the log then, MiB.
const LENGTH_MIB: f64 = 1_024.0;

pub(super) fn measure(peers: &Peers<'_>, runs: usize) -> Result<Comparison> {
    let (mut write, mut tail) = (Pair::new("log of 1 GiB"), Pair::new("logs --tail 10 of 1 GiB"));
    let words = ["sh", "-c", PROGRAM];
    let no_bound = ["--name", NAME, "--log-opt", "max-size=4g"];
    write.ours.time(|| {
        process::output(&mut peers.start_ours(&no_bound, &words))?;
        peers.ours.quietly(&["wait", NAME])
    })?;
    let driver = ["--name", NAME, "--log-driver", "k8s-file"];
    write.podman.time(|| {
        process::output(&mut peers.start_podmans(&driver, &words))?;
        process::output(&mut peers.podman.command(&["wait", NAME]))
    })?;
    let shown = process::output(&mut peers.ours.container(&["logs", "--tail", "10", NAME]))?;
    ensure!(
        shown.lines().count() == 10,
        "logs --tail 10 has shown {} lines",
        shown.lines().count()
    );
    for _ in 0..runs {
        peers.time(&mut tail, &["logs", "--tail", "10", NAME])?;
    }
    peers.both(&["rm", "--force", NAME])?;
    let mut throughput = Samples::new("throughput of a log", "MiB/s");
    throughput.add(LENGTH_MIB / write.ours.median() * 1e3);
    let mut comparison = Comparison::of([write, tail]);
    comparison.samples.push(throughput);
    Ok(comparison)
}
