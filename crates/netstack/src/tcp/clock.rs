//! The time since the process began as smoltcp counts it: in whole microseconds.

use std::time::Duration;

use smoltcp::time::Instant;

pub(super) fn instant(since_begin: Duration) -> Instant {
    Instant::from_micros(i64::try_from(since_begin.as_micros()).unwrap_or(i64::MAX))
}

/// Times before the process began are its beginning: smoltcp writes "at once" as zero.
pub(super) fn since_begin(at: Instant) -> Duration {
    Duration::from_micros(u64::try_from(at.total_micros()).unwrap_or_default())
}
