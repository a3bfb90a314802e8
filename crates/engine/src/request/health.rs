//! What is asked of a container's checks.

use std::time::Duration;

/// How it is found out whether a container works. What is `None`, empty or 0 is what the image says, or else Docker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthRequest {
    /// It is not looked for, whatever the image says; nothing else may be asked for then.
    pub is_off: bool,
    /// A line for the image's shell, which ends with 0 when the container works.
    pub command: Option<String>,
    /// From the end of a check to the next one; at least a millisecond, as the others.
    pub interval: Option<Duration>,
    /// After so long a check has failed.
    pub timeout: Option<Duration>,
    /// Time from the start of the program in which failures do not count.
    pub start_period: Option<Duration>,
    /// Instead of the interval within the start period.
    pub start_interval: Option<Duration>,
    /// So many failures in a row make the container unhealthy.
    pub retries: Option<i64>,
}
