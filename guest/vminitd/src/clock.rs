//! Time: since boot, and the wall clock that the host sets.

use rustix::io::Errno;
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use tonic::Status;

const NANOSECONDS: u64 = 1_000_000_000;

/// Time since the kernel started, microseconds.
pub(crate) fn uptime_us() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000
}

/// Moves the wall clock by `offset_ns` unless that is zero. Returns what it shows then, nanoseconds since 1970.
pub(crate) fn adjust_wall_clock(offset_ns: i64) -> rustix::io::Result<u64> {
    let now = clock_gettime(ClockId::Realtime);
    let now =
        u64::try_from(now.tv_sec).unwrap_or(0).saturating_mul(NANOSECONDS) + u64::try_from(now.tv_nsec).unwrap_or(0);
    let then = now.saturating_add_signed(offset_ns);
    if offset_ns != 0 {
        set_wall_clock(then)?;
    }
    Ok(then)
}

/// Sets the wall clock to nanoseconds since 1970.
pub(crate) fn set_wall_clock(unix_ns: u64) -> rustix::io::Result<()> {
    let time = Timespec {
        tv_sec: i64::try_from(unix_ns / NANOSECONDS).unwrap_or(i64::MAX),
        tv_nsec: (unix_ns % NANOSECONDS) as _,
    };
    clock_settime(ClockId::Realtime, time)
}

/// The answer where the kernel does not let the clock be set.
pub(crate) fn cannot_set(error: Errno) -> Status {
    Status::internal(format!("cannot set the clock: {error}"))
}
