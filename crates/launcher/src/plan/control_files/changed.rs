//! The limits of a container that runs, in a machine that has the size of what it was asked to be when that booted.

use container_agent_api::v1::ControlFile;
use container_model::{Resources, processor_ranges};

use super::{CPU_PERIOD_US, CPUSET, IO_WEIGHT, MAX, file, values};

/// What the kernel has in a file that is not written, cgroup-v2.rst.
fn default_value(name: &str) -> String {
    match name {
        "cpu.weight" | IO_WEIGHT => "100".to_owned(),
        "cpu.max" => format!("{MAX} {CPU_PERIOD_US}"),
        "memory.low" => "0".to_owned(),
        _ => MAX.to_owned(),
    }
}

/// The files that change from `old` to `new` in a machine that was made for `machine`, with what is to be in them. The memory comes first: it is the
/// one of which a program may have too much.
pub(crate) fn changed_control_files(old: &Resources, new: &Resources, machine: &Resources) -> Vec<ControlFile> {
    let changed = live_values(old, machine).into_iter().zip(live_values(new, machine));
    let changed = changed.filter(|(old, new)| old != new);
    changed.map(|(_, (name, value))| file(name, value)).collect()
}

fn live_values(resources: &Resources, machine: &Resources) -> Vec<(&'static str, String)> {
    let memory = resources.memory_bytes.min(machine.memory_bytes).to_string();
    let others = values(resources).map(|(name, value)| match name {
        CPUSET => (name, processors(value.as_deref(), resources.cpus, machine.cpus)),
        _ => (name, value.unwrap_or_else(|| default_value(name))),
    });
    [("memory.max", memory)].into_iter().chain(others).collect()
}

/// The machine's processors that may be used: those of the list that it has, else as many as the container is to have. Nothing stands for all of them.
fn processors(list: Option<&str>, cpus: u32, machine_cpus: u32) -> String {
    let last = machine_cpus.saturating_sub(1);
    let listed = list.and_then(processor_ranges).unwrap_or_default();
    let there: Vec<String> = listed
        .into_iter()
        .filter(|(from, _)| *from <= last)
        .map(|(from, to)| range(from, to.min(last)))
        .collect();
    match there.is_empty() {
        false => there.join(","),
        true if cpus < machine_cpus => range(0, cpus.saturating_sub(1)),
        true => String::new(),
    }
}

fn range(from: u32, to: u32) -> String {
    match from == to {
        true => from.to_string(),
        false => format!("{from}-{to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files by name, from one to the other, in a machine of 4 processors and 1 GiB.
    fn changed(old: impl FnOnce(&mut Resources), new: impl FnOnce(&mut Resources)) -> Vec<(String, String)> {
        let machine = Resources::new(4, 1 << 30);
        let (mut before, mut after) = (machine.clone(), machine.clone());
        old(&mut before);
        new(&mut after);
        let files = changed_control_files(&before, &after, &machine);
        files.into_iter().map(|file| (file.name, file.value)).collect()
    }

    fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = files.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_changes_is_written_and_what_is_taken_away_is_the_kernel_s() {
        assert!(changed(|_| {}, |_| {}).is_empty());
        let limit = |resources: &mut Resources| {
            let limits = &mut resources.control_group;
            limits.pids = Some(64);
            limits.cpu_quota_us = Some(20_000);
            limits.cpu_shares = Some(1024);
            limits.memory_reservation_bytes = Some(4096);
            limits.cpuset_cpus = Some("1-2".to_owned());
            limits.blkio_weight = Some(10);
            limits.memory_swap_bytes = Some(3 << 29);
        };
        let set = [
            ("cpuset.cpus", "1-2"),
            ("cpu.weight", "39"),
            ("cpu.max", "20000 100000"),
            ("memory.low", "4096"),
            ("memory.swap.max", "536870912"),
            ("pids.max", "64"),
            ("io.weight", "1"),
        ];
        assert_eq!(changed(|_| {}, limit), pairs(&set));
        let cleared = [
            ("cpuset.cpus", ""),
            ("cpu.weight", "100"),
            ("cpu.max", "max 100000"),
            ("memory.low", "0"),
            ("memory.swap.max", "max"),
            ("pids.max", "max"),
            ("io.weight", "100"),
        ];
        assert_eq!(changed(limit, |_| {}), pairs(&cleared));
    }

    #[test]
    fn a_machine_gives_what_it_has() {
        let size = |cpus, memory_bytes| {
            move |resources: &mut Resources| (resources.cpus, resources.memory_bytes) = (cpus, memory_bytes)
        };
        let less = [("memory.max", "536870912"), ("cpuset.cpus", "0-1")];
        assert_eq!(changed(size(4, 1 << 30), size(2, 512 << 20)), pairs(&less));
        assert_eq!(
            changed(size(2, 1 << 30), size(1, 1 << 30)),
            pairs(&[("cpuset.cpus", "0")])
        );
        assert!(changed(size(4, 1 << 30), size(8, 2 << 30)).is_empty());
        let all = [("memory.max", "1073741824"), ("cpuset.cpus", "")];
        assert_eq!(changed(size(2, 512 << 20), size(8, 2 << 30)), pairs(&all));
    }

    #[test]
    fn of_a_list_of_processors_those_that_are_there_count() {
        for (list, cpus, there) in [
            (Some("0,2-7"), 8, "0,2-3"),
            (Some("5"), 8, ""),
            (Some("5"), 2, "0-1"),
            (None, 4, ""),
            (None, 3, "0-2"),
        ] {
            assert_eq!(processors(list, cpus, 4), there, "{list:?}");
        }
    }
}
