//! Keeps the guest's wall clock that of the host.
//!
//! The guest counts on its own from its boot on. It falls behind while the host sleeps or its machine stands still, and
//! drifts a little when the host's clock is disciplined. The host's own clocks tell of the former, so that an idle guest is
//! asked seldom.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_agent::{AgentClient, AgentError};
use tokio::time::Instant;

/// Between two looks at the host's clocks.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How wrong a clock may be, nanoseconds: less is not worth a clock that jumps.
const TOLERANCE_NS: i128 = 100_000_000;

/// The host's clocks at one moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Nanoseconds since 1970.
    wall_ns: i128,
    /// Stands still while the host sleeps, and is never set.
    steady: Instant,
}

impl Moment {
    fn now() -> Self {
        let wall_ns = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => nanoseconds(since),
            Err(before) => -nanoseconds(before.duration()),
        };
        Self {
            wall_ns,
            steady: Instant::now(),
        }
    }

    /// By how much the wall clock went on more than the steady one since `before`, nanoseconds.
    fn jump_ns(self, before: Self) -> i128 {
        self.wall_ns - before.wall_ns - nanoseconds(self.steady - before.steady)
    }
}

fn nanoseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

/// Keeps the clock right until it is dropped. The guest is asked at least every `interval`.
pub(crate) async fn keep(agent: AgentClient, interval: Duration) {
    // The handshake has just set it.
    let mut right_at = Moment::now();
    loop {
        tokio::time::sleep(LOOK_EVERY.min(interval)).await;
        let now = Moment::now();
        if now.jump_ns(right_at).abs() <= TOLERANCE_NS && now.steady - right_at.steady < interval {
            continue;
        }
        if let Err(error) = correct(&agent).await {
            tracing::warn!(%error, "cannot set the guest's clock");
        }
        right_at = Moment::now();
    }
}

/// Asks the guest for its time and sets it when it is wrong.
async fn correct(agent: &AgentClient) -> Result<(), AgentError> {
    let asked = Moment::now();
    let guest_ns = agent.adjust_clock(0).await?;
    let offset_ns = offset_ns(asked.wall_ns, nanoseconds(asked.steady.elapsed()), guest_ns.into());
    if offset_ns != 0 {
        tracing::info!(offset_ns, "setting the guest's clock");
        agent.adjust_clock(offset_ns).await?;
    }
    Ok(())
}

/// What the guest's clock lacks when it showed `guest_ns` at some moment of the `round_trip_ns` after `asked_ns`; zero when it
/// is right as far as can be told.
fn offset_ns(asked_ns: i128, round_trip_ns: i128, guest_ns: i128) -> i64 {
    let offset = asked_ns + round_trip_ns / 2 - guest_ns;
    if offset.abs() <= TOLERANCE_NS + round_trip_ns / 2 {
        return 0;
    }
    i64::try_from(offset.clamp(i64::MIN.into(), i64::MAX.into())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i128 = 1_000_000_000;

    #[test]
    fn a_host_that_slept_or_was_set_is_noticed() {
        let before = Moment::now();
        let after = |wall_ns: i128, steady: u64| Moment {
            wall_ns: before.wall_ns + wall_ns,
            steady: before.steady + Duration::from_secs(steady),
        };
        assert_eq!(after(10 * SECOND_NS, 10).jump_ns(before), 0);
        assert_eq!(after(3600 * SECOND_NS, 10).jump_ns(before), 3590 * SECOND_NS);
        assert_eq!(after(-SECOND_NS, 0).jump_ns(before), -SECOND_NS);
    }

    #[test]
    fn a_clock_is_moved_only_when_it_is_surely_wrong() {
        let now = 1_700_000_000 * SECOND_NS;
        assert_eq!(offset_ns(now, 0, now), 0);
        assert_eq!(offset_ns(now, 0, now - TOLERANCE_NS), 0);
        // An answer that took long says little about the moment it is of.
        assert_eq!(offset_ns(now, 4 * SECOND_NS, now), 0);
        assert_eq!(offset_ns(now, 0, now - 5 * SECOND_NS), 5_000_000_000);
        assert_eq!(offset_ns(now, SECOND_NS, now + 5 * SECOND_NS), -4_500_000_000);
        // A guest that shows nonsense.
        assert_eq!(offset_ns(now, 0, u64::MAX.into()), i64::MIN);
    }
}
