//! Docker's flags of `run`, `create` and `update` about limits of the container's control group.

use clap::Args;
use container_engine::{LimitRequest, SwapLimit};
use container_model::ByteSize;

/// What the container may use besides processors, memory and disk.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limit options")]
pub(crate) struct GroupLimitFlags {
    /// Most processes and threads; -1 for no limit
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    pids_limit: Option<i64>,

    /// Share of the processors, 2 to 262144
    #[arg(long, value_name = "SHARES", allow_negative_numbers = true)]
    cpu_shares: Option<i64>,

    /// Length of the period that --cpu-quota is for
    #[arg(long, value_name = "MICROSECONDS", allow_negative_numbers = true)]
    cpu_period: Option<i64>,

    /// Processor time in each period; -1 for no limit
    #[arg(long, value_name = "MICROSECONDS", allow_negative_numbers = true)]
    cpu_quota: Option<i64>,

    /// Processors of --cpus that may be used, for example 0-2,4
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,

    /// Memory and swap space together; -1 for no limit. A machine has no swap space but what its programs make
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, value_parser = swap)]
    memory_swap: Option<SwapLimit>,

    /// Memory that is kept from being reclaimed
    #[arg(long, value_name = "SIZE")]
    memory_reservation: Option<ByteSize>,

    /// Share of the disks, 10 to 1000
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    blkio_weight: Option<i64>,
}

impl GroupLimitFlags {
    /// What they ask for.
    pub(crate) fn request(self) -> LimitRequest {
        LimitRequest {
            pids: self.pids_limit,
            cpu_shares: self.cpu_shares,
            cpu_period_us: self.cpu_period,
            cpu_quota_us: self.cpu_quota,
            cpuset_cpus: self.cpuset_cpus,
            memory_swap: self.memory_swap,
            memory_reservation: self.memory_reservation,
            blkio_weight: self.blkio_weight,
            oom_score_adj: None,
        }
    }
}

fn swap(text: &str) -> Result<SwapLimit, String> {
    match text {
        "-1" => Ok(SwapLimit::Unlimited),
        _ => text
            .parse()
            .map(SwapLimit::Size)
            .map_err(|error| format!("{error}; -1 is no limit")),
    }
}
