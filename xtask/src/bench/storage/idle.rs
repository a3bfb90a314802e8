//! What a container with three mounts costs while it does nothing: processor time over a minute, and memory beside its machine's.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::processes;
use super::super::sample::Samples;
use anyhow::Result;
use std::fs;
use std::time::Duration;

/// For how long it is watched, after it has come to rest.
const WATCHED: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_secs(5);

pub(super) fn measure(app_root: &AppRoot) -> Result<Vec<Samples>> {
    let binds: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|name| {
            let place = app_root.path().join(format!("idle-{name}"));
            fs::create_dir(&place)?;
            Ok(format!("{}:/{name}", place.display()))
        })
        .collect::<Result<_>>()?;
    let flags: Vec<&str> = binds.iter().flat_map(|bind| ["-v", bind.as_str()]).collect();
    let line = [
        &["run", "-d", "--name", "idle"],
        &flags[..],
        &[IMAGE, "sleep", "100000"],
    ]
    .concat();
    app_root.quietly(&line)?;
    std::thread::sleep(REST);
    let processes = processes::of_app_root(app_root)?;
    let before_ms = processes::processor_ms(&processes)?;
    std::thread::sleep(WATCHED);
    let mut processor = Samples::new("idle with three shares, processor time a minute", "ms");
    processor.add(processes::processor_ms(&processes)? - before_ms);
    let mut memory = Samples::new("idle with three shares, memory of our processes", "MiB");
    memory.add(processes::anonymous_mib(&processes)?);
    app_root.quietly(&["delete", "--force", "idle"])?;
    Ok(vec![processor, memory])
}
