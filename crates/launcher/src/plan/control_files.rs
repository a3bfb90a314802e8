//! The limits of a container as the files of its control group (cgroup v2, the kernel's documentation).

mod changed;

use container_agent_api::v1::ControlFile;
use container_model::{ContainerConfig, ControlGroupLimits, Resources};

pub(crate) use changed::changed_control_files;

/// Microseconds of a period unless told otherwise: the kernel's.
const CPU_PERIOD_US: u32 = 100_000;

const CPUSET: &str = "cpuset.cpus";
const IO_WEIGHT: &str = "io.weight";

/// No limit.
const MAX: &str = "max";

/// The files in the order in which they are written.
pub(super) fn control_files(config: &ContainerConfig) -> Vec<ControlFile> {
    let files = values(&config.resources).into_iter();
    files.filter_map(|(name, value)| Some(file(name, value?))).collect()
}

/// What is in the files; `None` is what the kernel has there.
fn values(resources: &Resources) -> [(&'static str, Option<String>); 7] {
    let ControlGroupLimits {
        pids,
        cpu_shares,
        cpu_period_us,
        cpu_quota_us,
        cpuset_cpus,
        memory_swap_bytes,
        memory_reservation_bytes,
        blkio_weight,
        unknown: _,
    } = &resources.control_group;
    let memory_bytes = resources.memory_bytes;
    let max = || MAX.to_owned();
    let cpu_max = (cpu_period_us.is_some() || cpu_quota_us.is_some()).then(|| {
        let quota = cpu_quota_us.map_or_else(max, |quota| quota.to_string());
        format!("{quota} {}", cpu_period_us.unwrap_or(CPU_PERIOD_US))
    });
    let swap_max = memory_swap_bytes.map(|bytes| match bytes {
        u64::MAX => max(),
        // The kernel counts swap space by itself.
        _ => bytes.saturating_sub(memory_bytes).to_string(),
    });
    [
        (CPUSET, cpuset_cpus.clone()),
        ("cpu.weight", cpu_shares.map(|shares| cpu_weight(shares).to_string())),
        ("cpu.max", cpu_max),
        ("memory.low", memory_reservation_bytes.map(|bytes| bytes.to_string())),
        ("memory.swap.max", swap_max),
        ("pids.max", pids.map(|pids| pids.to_string())),
        (IO_WEIGHT, blkio_weight.map(|weight| io_weight(weight).to_string())),
    ]
}

fn file(name: &str, value: String) -> ControlFile {
    ControlFile {
        name: name.to_owned(),
        value,
        // A share is against other groups, and the machine has none: a kernel that cannot count it makes no difference.
        optional: name == IO_WEIGHT,
    }
}

/// Shares, 2 to 262144, as a weight, 1 to 10000, in the way of the OCI runtimes.
fn cpu_weight(shares: u32) -> u64 {
    1 + u64::from(shares.saturating_sub(2)) * 9999 / 262_142
}

/// A weight of 10 to 1000 as one of 1 to 10000, in the way of the OCI runtimes.
fn io_weight(weight: u16) -> u64 {
    1 + u64::from(weight.saturating_sub(10)) * 9999 / 990
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_s_ranges_are_those_of_the_kernel() {
        assert_eq!((cpu_weight(2), cpu_weight(1024), cpu_weight(262_144)), (1, 39, 10_000));
        assert_eq!((io_weight(10), io_weight(500), io_weight(1000)), (1, 4950, 10_000));
    }
}
