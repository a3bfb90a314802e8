//! What a process takes, from `/proc`.

use std::fs;

/// `USER_HZ` of Linux on every architecture that we run on (proc_pid_stat(5), time(7)).
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory of a process, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident, with pages of its program file.
    pub rss_bytes: u64,
    /// Its share of what it has in common with others.
    pub pss_bytes: u64,
    /// What nobody else has.
    pub private_bytes: u64,
    /// What is in no file: stacks and what was allocated.
    pub anonymous_bytes: u64,
}

impl Memory {
    /// The memory of a process; `None` where the system does not say.
    #[must_use]
    pub fn of(process: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let field = |name: &str| -> Option<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
        };
        Some(Self {
            rss_bytes: field("Rss:")?,
            pss_bytes: field("Pss:")?,
            private_bytes: field("Private_Clean:")? + field("Private_Dirty:")?,
            anonymous_bytes: field("Anonymous:")?,
        })
    }
}

/// Processor time of a process, seconds; `None` where the system does not say.
#[must_use]
pub fn cpu_seconds(process: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field behind it (proc_pid_stat(5)).
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}
