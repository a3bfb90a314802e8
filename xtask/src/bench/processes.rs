//! The processes of an application root, and what they take: from /proc, proc(5).

use super::app_root::AppRoot;
use anyhow::{Context, Result};
use std::fs;

/// The clock ticks of a second in /proc, which are the same on all architectures of Linux (`USER_HZ`, times(2)).
const TICKS_IN_SECOND: f64 = 100.0;

/// The launchers of this application root and their children: hypervisors and file servers.
///
/// # Errors
/// When /proc cannot be read.
pub(super) fn of_app_root(app_root: &AppRoot) -> Result<Vec<u32>> {
    let parents = launchers(app_root)?;
    let is_child = |id: &u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:\t")?.parse().ok());
        parent.is_some_and(|parent: u32| parents.contains(&parent))
    };
    let children: Vec<u32> = all()?.into_iter().filter(is_child).collect();
    Ok([parents.clone(), children].concat())
}

/// The launchers of this application root: its processes live on by themselves, and hypervisors do not have the variable that names it.
///
/// # Errors
/// When /proc cannot be read.
pub(super) fn launchers(app_root: &AppRoot) -> Result<Vec<u32>> {
    let needle = format!("CONTAINER_APP_ROOT={}", app_root.application_root().display());
    let has_variable = |id: &u32| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == needle.as_bytes())
    };
    Ok(all()?.into_iter().filter(has_variable).collect())
}

fn all() -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc").context("cannot read /proc")?;
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    Ok(entries.flatten().filter_map(number).collect())
}

/// Processor time that processes have spent, in milliseconds: fields 14 and 15 of /proc/PID/stat.
///
/// # Errors
/// When a process has ended.
pub(super) fn processor_ms(processes: &[u32]) -> Result<f64> {
    fields_ms(processes, 2)
}

/// Processor time that processes and their children which have ended have spent, in milliseconds: fields 14 to 17 of /proc/PID/stat.
///
/// # Errors
/// When a process has ended.
pub(super) fn processor_with_children_ms(processes: &[u32]) -> Result<f64> {
    fields_ms(processes, 4)
}

fn fields_ms(processes: &[u32], count: usize) -> Result<f64> {
    let mut ticks = 0.0;
    for id in processes {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").context("a process without a name")?;
        let times = fields.split(' ').skip(11).take(count);
        ticks += times.map(|field| field.parse().unwrap_or(0.0)).sum::<f64>();
    }
    Ok(ticks / TICKS_IN_SECOND * 1e3)
}

/// How often the threads of these processes have begun to run since they are there.
///
/// # Errors
/// When a process has ended.
pub(super) fn context_switches(processes: &[u32]) -> Result<f64> {
    let mut sum = 0.0;
    for id in processes {
        for task in fs::read_dir(format!("/proc/{id}/task"))?.flatten() {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let counts = status.lines().filter_map(|line| {
                let (name, count) = line.split_once(':')?;
                name.ends_with("voluntary_ctxt_switches").then(|| count.trim())
            });
            sum += counts.map(|count| count.parse().unwrap_or(0.0)).sum::<f64>();
        }
    }
    Ok(sum)
}

/// Memory of the processes that no file and no machine has, in MiB: anonymous pages.
///
/// # Errors
/// When a process has ended.
pub(super) fn anonymous_mib(processes: &[u32]) -> Result<f64> {
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

/// Memory of the processes in proportion to who else has it, in MiB, with that of their machines.
///
/// # Errors
/// When a process has ended.
pub(super) fn all_proportional_mib(processes: &[u32]) -> Result<f64> {
    let mut kibibytes = 0.0;
    for id in processes {
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
        let value = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let value = value.and_then(|value| value.trim().strip_suffix(" kB"));
        kibibytes += value.context("no Pss")?.trim().parse::<f64>()?;
    }
    Ok(kibibytes / 1024.0)
}

/// Memory of the processes in proportion to who else has it, in MiB, without the memory of their machines.
///
/// # Errors
/// When a process has ended.
pub(super) fn proportional_mib(processes: &[u32]) -> Result<f64> {
    let mut kibibytes = 0;
    for id in processes {
        let command_line = fs::read(format!("/proc/{id}/cmdline"))?;
        let smaps = fs::read_to_string(format!("/proc/{id}/smaps"))?;
        kibibytes += proportional_kib(&smaps, machine_kib(&command_line));
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
    let mebibytes = kibibytes as f64 / 1024.0;
    Ok(mebibytes)
}

/// The memory of a QEMU's machine, of its command line (`-m 428M`); `None` for another program.
fn machine_kib(command_line: &[u8]) -> Option<u64> {
    let mut words = command_line.split(|byte| *byte == 0);
    words.find(|word| *word == b"-m")?;
    let size = std::str::from_utf8(words.next()?).ok()?;
    Some(size.strip_suffix('M')?.parse::<u64>().ok()? * 1024)
}

/// The sum of `Pss` of a text of /proc/PID/smaps, without the first mapping whose `Size` is that of the machine's memory.
fn proportional_kib(smaps: &str, machine_kib: Option<u64>) -> u64 {
    let mut left_out = machine_kib;
    let mut is_machines = false;
    let mut sum = 0;
    for line in smaps.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let kibibytes = value
            .trim()
            .strip_suffix(" kB")
            .and_then(|value| value.parse::<u64>().ok());
        match (name, kibibytes) {
            ("Size", Some(size)) => is_machines = left_out.take_if(|machines| *machines == size).is_some(),
            ("Pss", Some(part)) if !is_machines => sum += part,
            _ => {}
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_machine_is_left_out() {
        let mapping = |size: u64, pss: u64| {
            format!(
                "7f00-7f01 rw-p 00000000 00:00 0 [x]\nSize: {size:>12} kB\nRss:  9 kB\nPss:   {pss} kB\nPss_Dirty: 7 kB\n"
            )
        };
        let smaps = mapping(262_144, 60_000) + &mapping(132, 20) + &mapping(8, 4);
        assert_eq!(proportional_kib(&smaps, Some(262_144)), 24);
        assert_eq!(proportional_kib(&smaps, Some(132)), 60_004);
        assert_eq!(proportional_kib(&smaps, None), 60_024);
    }

    #[test]
    fn the_memory_of_a_machine_is_read_off_its_command_line() {
        assert_eq!(machine_kib(b"qemu\0-m\x00428M\0-global\0x"), Some(428 * 1024));
        assert_eq!(machine_kib(b"container\0launcher\0idle"), None);
    }

    #[test]
    fn this_process_takes_something() {
        let own = [std::process::id()];
        assert!(processor_with_children_ms(&own).unwrap() >= processor_ms(&own).unwrap());
        assert!(context_switches(&own).unwrap() > 0.0);
        assert!(anonymous_mib(&own).unwrap() > 0.0 && proportional_mib(&own).unwrap() > 0.0);
        assert!(all_proportional_mib(&own).unwrap() > 0.0);
    }
}
