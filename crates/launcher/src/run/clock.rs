//! Keeps the guest's wall clock that of the host.
//!
//! The guest counts on its own from its boot on. It falls behind while the host sleeps or its machine stands still, and
//! drifts a little when the host's clock is disciplined. The host's own clocks tell of the former, so that an idle guest is
//! asked seldom: [`Instant`] stands still in a sleep on both systems (`CLOCK_MONOTONIC` on Linux, `CLOCK_UPTIME_RAW` on macOS),
//! [`SystemTime`] does not. For the same reason no time limit of a launcher runs out while the host sleeps: all are measured by
//! [`Instant`].

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_agent::{AgentClient, AgentError};
use container_hypervisor::StallWatch;
use tokio::time::Instant;

/// Between two looks at the host's clocks.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How wrong a clock may be, nanoseconds: less is not worth a clock that jumps.
const TOLERANCE_NS: i128 = 100_000_000;

/// The host's clocks at one moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Nanoseconds since 1970.
    wall_ns: i128,
    /// Stands still while the host sleeps, and is never set.
    steady: Instant,
    /// How often the machine went on after it had stood still, which no clock of the host tells.
    stall_count: u64,
}

impl Moment {
    fn now(stall_count: u64) -> Self {
        let wall_ns = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => nanoseconds(since),
            Err(before) => -nanoseconds(before.duration()),
        };
        Self {
            wall_ns,
            steady: Instant::now(),
            stall_count,
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

/// The guest's wall clock.
trait GuestClock {
    type Error: fmt::Display;

    /// Moves it and returns what it shows then, nanoseconds since 1970. The answer comes in bounded time.
    async fn adjust(&self, offset_ns: i64) -> Result<u64, Self::Error>;
}

impl GuestClock for AgentClient {
    type Error = AgentError;

    async fn adjust(&self, offset_ns: i64) -> Result<u64, AgentError> {
        self.adjust_clock(offset_ns).await
    }
}

/// Keeps the clock right until it is dropped. The guest is asked at least every `interval`, and soon after a stall.
pub(crate) async fn keep(agent: AgentClient, stalls: Option<StallWatch>, interval: Duration) {
    let stall_count = || stalls.as_ref().map_or(0, StallWatch::over_count);
    follow(&agent, || Moment::now(stall_count()), interval).await;
}

async fn follow(guest: &impl GuestClock, host: impl Fn() -> Moment, interval: Duration) {
    // The handshake has just set it.
    let mut right_at = host();
    let mut is_failing = false;
    loop {
        tokio::time::sleep(LOOK_EVERY.min(interval)).await;
        let now = host();
        let is_undisturbed = now.jump_ns(right_at).abs() <= TOLERANCE_NS && now.stall_count == right_at.stall_count;
        if is_undisturbed && now.steady - right_at.steady < interval {
            continue;
        }
        match correct(guest, &host).await {
            // As of the moment before: should the host have slept since, the next look sees it.
            Ok(()) => (right_at, is_failing) = (now, false),
            // It is still wrong, and the next look tries again. Right after a sleep the guest may be slow to answer.
            Err(error) if is_failing => tracing::debug!(%error, "cannot set the guest's clock"),
            Err(error) => {
                is_failing = true;
                tracing::warn!(%error, "cannot set the guest's clock; trying again");
            }
        }
    }
}

/// Asks the guest for its time and sets it when it is wrong.
async fn correct<G: GuestClock>(guest: &G, host: impl Fn() -> Moment) -> Result<(), G::Error> {
    let asked = host();
    let guest_ns = guest.adjust(0).await?;
    let offset_ns = offset_ns(asked.wall_ns, nanoseconds(asked.steady.elapsed()), guest_ns.into());
    if offset_ns != 0 {
        tracing::info!(offset_ns, "setting the guest's clock");
        guest.adjust(offset_ns).await?;
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
    use std::cell::Cell;

    const SECOND_NS: i128 = 1_000_000_000;

    #[test]
    fn a_host_that_slept_or_was_set_is_noticed() {
        let before = Moment::now(0);
        let after = |wall_ns: i128, steady: u64| Moment {
            wall_ns: before.wall_ns + wall_ns,
            steady: before.steady + Duration::from_secs(steady),
            stall_count: 0,
        };
        assert_eq!(after(10 * SECOND_NS, 10).jump_ns(before), 0);
        assert_eq!(after(3600 * SECOND_NS, 10).jump_ns(before), 3590 * SECOND_NS);
        assert_eq!(after(-SECOND_NS, 0).jump_ns(before), -SECOND_NS);
    }

    /// A host and a guest whose clocks a test moves. Time itself is tokio's, which a test has in its hand.
    struct World {
        begin: Instant,
        host_ahead_ns: Cell<i128>,
        guest_ahead_ns: Cell<i128>,
        asked: Cell<u32>,
        failures: Cell<u32>,
        /// How long the host sleeps when it is about to get an answer, nanoseconds.
        nap_ns: Cell<i128>,
        stall_count: Cell<u64>,
    }

    const HOUR_NS: i128 = 3600 * SECOND_NS;
    const INTERVAL: Duration = Duration::from_secs(600);

    impl World {
        fn new() -> Self {
            let [host_ahead_ns, guest_ahead_ns, nap_ns] = [0; 3].map(Cell::new);
            Self {
                begin: Instant::now(),
                host_ahead_ns,
                guest_ahead_ns,
                asked: Cell::new(0),
                failures: Cell::new(0),
                nap_ns,
                stall_count: Cell::new(0),
            }
        }

        fn host(&self) -> Moment {
            Moment {
                wall_ns: nanoseconds(self.begin.elapsed()) + HOUR_NS + self.host_ahead_ns.get(),
                steady: Instant::now(),
                stall_count: self.stall_count.get(),
            }
        }

        fn sleep(&self, duration_ns: i128) {
            self.host_ahead_ns.set(self.host_ahead_ns.get() + duration_ns);
        }

        fn is_guest_right(&self) -> bool {
            (self.host_ahead_ns.get() - self.guest_ahead_ns.get()).abs() <= TOLERANCE_NS
        }

        async fn after(&self, duration: Duration) {
            let _ = tokio::time::timeout(duration, follow(self, || self.host(), INTERVAL)).await;
        }

        /// What `event` does to the world after a second, seen `duration` later.
        async fn after_event(&self, event: impl FnOnce(), duration: Duration) {
            let event = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                event();
                tokio::time::sleep(duration).await;
            };
            tokio::select! {
                () = event => {}
                () = follow(self, || self.host(), INTERVAL) => {}
            }
        }
    }

    impl GuestClock for World {
        type Error = &'static str;

        async fn adjust(&self, offset_ns: i64) -> Result<u64, &'static str> {
            self.asked.set(self.asked.get() + 1);
            if self.failures.get() > 0 {
                self.failures.set(self.failures.get() - 1);
                return Err("no answer");
            }
            self.guest_ahead_ns
                .set(self.guest_ahead_ns.get() + i128::from(offset_ns));
            let shown_ns = nanoseconds(self.begin.elapsed()) + HOUR_NS + self.guest_ahead_ns.get();
            self.sleep(self.nap_ns.take());
            Ok(u64::try_from(shown_ns).unwrap())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_is_right_again_seconds_after_the_host_slept() {
        let world = World::new();
        world.after_event(|| world.sleep(HOUR_NS), LOOK_EVERY).await;
        assert!(world.is_guest_right());
        // Asked once, set once.
        assert_eq!(world.asked.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_is_right_again_seconds_after_its_machine_stood_still() {
        let world = World::new();
        let stall = || {
            world.guest_ahead_ns.set(-HOUR_NS);
            world.stall_count.set(1);
        };
        world.after_event(stall, LOOK_EVERY).await;
        assert!(world.is_guest_right());
        assert_eq!(world.asked.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_undisturbed_guest_is_asked_seldom() {
        let world = World::new();
        world.after(INTERVAL - LOOK_EVERY).await;
        assert_eq!(world.asked.get(), 0);
        world.after(3 * INTERVAL + LOOK_EVERY).await;
        assert_eq!(world.asked.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_does_not_answer_after_a_sleep_is_asked_again_soon() {
        let world = World::new();
        world.failures.set(2);
        world.after_event(|| world.sleep(HOUR_NS), 3 * LOOK_EVERY).await;
        assert!(world.is_guest_right());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_during_the_answer_is_noticed() {
        let world = World::new();
        world.nap_ns.set(HOUR_NS);
        world.after_event(|| world.sleep(HOUR_NS), 2 * LOOK_EVERY).await;
        assert!(world.is_guest_right());
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
