//! Limits of a container's control group besides those that its machine has by its size.

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// Limits of the control group; `None` leaves the kernel's default. The numbers are those of Docker's flags, as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlGroupLimits {
    /// Most processes and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
    /// Share of the processors against other groups, 2 to 262144.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_shares: Option<u32>,
    /// Length of a period in which processor time is counted, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_period_us: Option<u32>,
    /// Processor time in each period, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_quota_us: Option<u64>,
    /// The machine's processors that may be used, `0-2,4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpuset_cpus: Option<String>,
    /// Memory and swap space together, bytes; `u64::MAX` is unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_swap_bytes: Option<u64>,
    /// Memory that is not reclaimed while other memory is, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation_bytes: Option<u64>,
    /// Share of the disks against other groups, 10 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blkio_weight: Option<u16>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A limit that does not go with others of the container. The messages name the flags by which users set them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag} {given}: {allowed} can be had")]
pub struct LimitConflict {
    /// The flag.
    pub flag: &'static str,
    /// What was asked for.
    pub given: String,
    /// What can be.
    pub allowed: String,
}

impl ControlGroupLimits {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the limits go together with so many processors and so much memory. Without these two, only what needs none is checked.
    ///
    /// # Errors
    /// [`LimitConflict`].
    pub fn check(&self, cpus: Option<u32>, memory_bytes: Option<u64>) -> Result<(), LimitConflict> {
        if let (Some(reservation), Some(memory)) = (self.memory_reservation_bytes, memory_bytes)
            && reservation > memory
        {
            let allowed = format!("at most --memory, {memory} bytes");
            return Err(conflict("--memory-reservation", reservation, allowed));
        }
        if let (Some(swap), Some(memory)) = (self.memory_swap_bytes, memory_bytes)
            && swap < memory
        {
            let allowed =
                format!("memory and swap space together, at least --memory, {memory} bytes, or -1 for no limit");
            return Err(conflict("--memory-swap", swap, allowed));
        }
        match &self.cpuset_cpus {
            Some(list) => check_processors(list, cpus),
            None => Ok(()),
        }
    }
}

/// The ranges of a list of processors, `0-2,4`, first and last of each; `None` when it is no such list.
#[must_use]
pub fn processor_ranges(list: &str) -> Option<Vec<(u32, u32)>> {
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| is_number)
    };
    let ranges = list.split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((number(first)?, number(last)?)).filter(|(first, last)| first <= last)
    });
    ranges.collect()
}

/// Checks a list of processors against the number there are.
fn check_processors(list: &str, cpus: Option<u32>) -> Result<(), LimitConflict> {
    let is_there = |ranges: Vec<(u32, u32)>| ranges.iter().all(|(_, last)| cpus.is_none_or(|cpus| *last < cpus));
    if processor_ranges(list).is_some_and(is_there) {
        return Ok(());
    }
    let there = cpus.map_or_else(
        || "the processors of --cpus".to_owned(),
        |cpus| format!("the container has {cpus}, from 0 on: --cpus"),
    );
    Err(conflict(
        "--cpuset-cpus",
        list,
        format!("a list such as 0-2,4; {there}"),
    ))
}

fn conflict(flag: &'static str, given: impl ToString, allowed: String) -> LimitConflict {
    LimitConflict {
        flag,
        given: given.to_string(),
        allowed,
    }
}
