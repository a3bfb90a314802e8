//! Limits of a container to be made besides its processors, its memory and its disk.

use container_model::ByteSize;

/// Limits in Docker's terms, unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitRequest {
    /// Most processes and threads; zero and -1 are no limit.
    pub pids: Option<i64>,
    /// Share of the processors against other groups; zero is the default.
    pub cpu_shares: Option<i64>,
    /// Length of a period, microseconds; zero is the default.
    pub cpu_period_us: Option<i64>,
    /// Processor time in each period, microseconds; zero and -1 are no limit.
    pub cpu_quota_us: Option<i64>,
    /// Processors that may be used, `0-2,4`.
    pub cpuset_cpus: Option<String>,
    /// Memory and swap space together.
    pub memory_swap: Option<SwapLimit>,
    /// Memory that is not reclaimed while other memory is.
    pub memory_reservation: Option<ByteSize>,
    /// Share of the disks against other groups; zero is the default.
    pub blkio_weight: Option<i64>,
    /// How likely the program is to be killed for lack of memory.
    pub oom_score_adj: Option<i64>,
}

/// Memory and swap space together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapLimit {
    /// As much swap space as there is.
    Unlimited,
    /// So much.
    Size(ByteSize),
}
