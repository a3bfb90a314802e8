//! Verbs of one container in turn, and a list of many, beside podman's.

use super::super::app_root::IMAGE;
use super::peers::{Comparison, Pair, Peers};
use crate::process;
use anyhow::Result;

const NAME: &str = "life";
/// Ends as soon as it is asked to. The trap is set before the child is there, which is how others know of it.
const PROGRAM: [&str; 3] = ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"];
/// Ends once the trap of [`PROGRAM`] is set.
const UNTIL_READY: &str = "until pidof sleep; do sleep 0.01; done";

/// How many containers are listed.
const LISTED: usize = 200;
const LIST: &str = "list of 200";

pub(super) fn measure(peers: &Peers<'_>, runs: usize) -> Result<Comparison> {
    let [
        mut start,
        mut exec,
        mut pause,
        mut unpause,
        mut inspect,
        mut stop,
        mut list,
    ] = ["start", "exec", "pause", "unpause", "inspect", "stop", LIST].map(Pair::new);
    process::output(&mut peers.start_ours(&["--name", NAME], &PROGRAM))?;
    process::output(&mut peers.start_podmans(&["--name", NAME], &PROGRAM))?;
    for _ in 0..runs {
        peers.both(&["exec", NAME, "sh", "-c", UNTIL_READY])?;
        peers.time(&mut exec, &["exec", NAME, "true"])?;
        peers.time(&mut pause, &["pause", NAME])?;
        peers.time(&mut unpause, &["unpause", NAME])?;
        peers.time(&mut inspect, &["inspect", NAME])?;
        peers.time(&mut stop, &["stop", NAME])?;
        peers.time(&mut start, &["start", NAME])?;
    }
    peers.both(&["rm", "--force", NAME])?;
    for number in 0..LISTED {
        let name = format!("listed-{number}");
        peers
            .ours
            .quietly(&["create", "--network", "none", "--name", &name, IMAGE, "true"])?;
        process::output(&mut peers.podman.create(&["--name", &name], &["true"]))?;
    }
    for _ in 0..runs {
        peers.time(&mut list, &["ps", "--all"])?;
    }
    peers.ours.quietly(&["delete", "--all"])?;
    process::output(&mut peers.podman.command(&["rm", "--all"]))?;
    Ok(Comparison::of([start, exec, pause, unpause, inspect, stop, list]))
}
