//! The rate of the host's time-stamp counter.
//!
//! Under emulation of the host's own architecture the guest's counter is the host's. A guest without the old interval timer cannot measure its rate
//! and is told it; an error in it is a drift of the guest's clock of the same proportion, so the host's kernel clock
//! is the reference.

use container_hypervisor::GuestArchitecture;

#[cfg(target_arch = "x86_64")]
use std::time::{Duration, Instant};

#[cfg(target_arch = "x86_64")]
use super::tsc_clock::read_tsc;

/// Length of the measurement. Both ends are read within well under a microsecond, so the error is a few parts in a
/// million.
#[cfg(target_arch = "x86_64")]
const MEASUREMENT: Duration = Duration::from_millis(50);

/// Readings at each end; the quickest one counts.
#[cfg(target_arch = "x86_64")]
const READINGS: usize = 16;

/// Rates of real processors, kHz; anything else is a failed measurement.
#[cfg(target_arch = "x86_64")]
const PLAUSIBLE_KHZ: std::ops::RangeInclusive<u64> = 100_000..=10_000_000;

/// Whether a guest of an architecture reads this host's counter under emulation.
pub(crate) fn is_the_guest_s(architecture: GuestArchitecture) -> bool {
    let both = [architecture, GuestArchitecture::host()];
    both == [GuestArchitecture::Amd64; 2]
}

/// Measures the rate in kHz. Blocks for the time of the measurement. `None` where the processor has no such counter
/// or it makes no sense.
#[cfg(target_arch = "x86_64")]
pub(crate) fn measure_khz() -> Option<u64> {
    let (start_time, start_ticks) = reading()?;
    std::thread::sleep(MEASUREMENT);
    let (end_time, end_ticks) = reading()?;
    let elapsed_ns = end_time.checked_duration_since(start_time)?.as_nanos();
    let ticks = u128::from(end_ticks.checked_sub(start_ticks)?);
    let khz = u64::try_from((ticks * 1_000_000 + elapsed_ns / 2).checked_div(elapsed_ns)?).ok()?;
    PLAUSIBLE_KHZ.contains(&khz).then_some(khz)
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn measure_khz() -> Option<u64> {
    None
}

/// One pair of clock and counter, the one whose counter readings before and after the clock lie closest.
#[cfg(target_arch = "x86_64")]
fn reading() -> Option<(Instant, u64)> {
    (0..READINGS)
        .map(|_| {
            let before = read_tsc();
            let time = Instant::now();
            let after = read_tsc();
            (
                after.saturating_sub(before),
                time,
                before + after.saturating_sub(before) / 2,
            )
        })
        .min_by_key(|(width, ..)| *width)
        .map(|(_, time, ticks)| (time, ticks))
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn two_measurements_agree() {
        let (Some(first), Some(second)) = (measure_khz(), measure_khz()) else {
            panic!("no rate")
        };
        // A busy host may suspend the test within the narrow reading, hence no tighter bound.
        assert!(first.abs_diff(second) < first / 1000, "{first} {second}");
    }
}
