//! What a container with three mounts costs while it does nothing: processor time over a minute, and memory beside its machine's.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::sample::Samples;
use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// For how long it is watched, after it has come to rest.
const WATCHED: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_secs(5);

/// The clock ticks of a second in /proc, which are the same on all architectures of Linux (`USER_HZ`, times(2)).
const TICKS_IN_SECOND: f64 = 100.0;

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
    let processes = processes(app_root)?;
    let before = ticks(&processes)?;
    std::thread::sleep(WATCHED);
    let spent = ticks(&processes)? - before;
    let mut processor = Samples::new("idle with three shares, processor time a minute", "ms");
    processor.add(spent / TICKS_IN_SECOND * 1e3);
    let mut memory = Samples::new("idle with three shares, memory of our processes", "MiB");
    memory.add(own_memory_mib(&processes)?);
    app_root.quietly(&["delete", "--force", "idle"])?;
    Ok(vec![processor, memory])
}

/// The launcher of this application root and its children: the hypervisor and the file server.
fn processes(app_root: &AppRoot) -> Result<Vec<u32>> {
    let root = app_root.application_root();
    let needle = format!("CONTAINER_APP_ROOT={}", root.display());
    let mut parents = Vec::new();
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == needle.as_bytes())
        {
            parents.push(id);
        }
        all.push(id);
    }
    let is_child = |id: &u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:\t")?.parse().ok());
        parent.is_some_and(|parent: u32| parents.contains(&parent))
    };
    let children: Vec<u32> = all.into_iter().filter(is_child).collect();
    Ok([parents.clone(), children].concat())
}

/// Clock ticks that processes have spent, fields 14 and 15 of /proc/PID/stat, proc(5).
fn ticks(processes: &[u32]) -> Result<f64> {
    let mut sum = 0.0;
    for id in processes {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").context("a process without a name")?;
        let ticks = fields.split(' ').skip(11).take(2);
        sum += ticks.map(|field| field.parse().unwrap_or(0.0)).sum::<f64>();
    }
    Ok(sum)
}

/// Memory of the processes that no file and no machine has: anonymous pages.
fn own_memory_mib(processes: &[u32]) -> Result<f64> {
    let mut kibibytes = 0.0;
    for id in processes {
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let value = line
            .and_then(|line| line.trim().strip_suffix(" kB"))
            .context("no RssAnon")?;
        kibibytes += value.trim().parse::<f64>()?;
    }
    Ok(kibibytes / 1024.0)
}
