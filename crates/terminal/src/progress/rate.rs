//! Bytes a second, smoothed.

use std::time::{Duration, Instant};

/// Time constant of the average: a sample of this age counts about a third.
const MEMORY: Duration = Duration::from_secs(3);

/// A rate that follows changes within seconds and does not jump.
#[derive(Debug, Default)]
pub(super) struct Rate {
    began: Option<Instant>,
    last: Option<(Instant, u64)>,
    skipped: u64,
    smoothed: f64,
}

impl Rate {
    /// Leaves these bytes, which are part of the next sample, out of the rate.
    pub(super) fn skip(&mut self, bytes: u64) {
        self.skipped = self.skipped.saturating_add(bytes);
    }

    /// Adds a sample: `done` bytes at `now`.
    pub(super) fn sample(&mut self, now: Instant, done: u64) {
        self.began.get_or_insert(now);
        let Some((before, had)) = self.last.replace((now, done)) else {
            self.skipped = 0;
            return;
        };
        let seconds = now.saturating_duration_since(before).as_secs_f64();
        if seconds <= 0.0 {
            self.last = Some((before, had));
            return;
        }
        let came = done
            .saturating_sub(had)
            .saturating_sub(std::mem::take(&mut self.skipped));
        let weight = fading(seconds);
        self.smoothed = self.smoothed * weight + came as f64 / seconds * (1.0 - weight);
    }

    /// Bytes a second at the last sample; `None` before there are two samples.
    pub(super) fn bytes_per_second(&self) -> Option<u64> {
        let (now, _) = self.last?;
        let seconds = now.saturating_duration_since(self.began?).as_secs_f64();
        // Corrects for the time before the first sample, without which the average would start near zero.
        let known = 1.0 - fading(seconds);
        (known > 0.0).then(|| (self.smoothed / known) as u64)
    }
}

/// How much of the past is left after so many seconds.
fn fading(seconds: f64) -> f64 {
    (-seconds / MEMORY.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_has_its_rate_from_the_start() {
        let start = Instant::now();
        let mut rate = Rate::default();
        assert_eq!(rate.bytes_per_second(), None);
        for tenth in 0..30 {
            rate.sample(start + Duration::from_millis(100 * tenth), 1000 * tenth);
            if let Some(per_second) = rate.bytes_per_second() {
                assert!((9_990..=10_010).contains(&per_second), "{per_second}");
            }
        }
    }

    #[test]
    fn a_stream_that_stalls_slows_down() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.sample(start, 0);
        rate.sample(start + Duration::from_secs(1), 1_000_000);
        rate.sample(start + Duration::from_secs(31), 1_000_000);
        assert!(rate.bytes_per_second().unwrap() < 100);
    }

    #[test]
    fn bytes_that_were_there_before_do_not_count_for_the_rate() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.sample(start, 0);
        rate.skip(5_000_000);
        rate.sample(start + Duration::from_secs(1), 5_000_000);
        assert_eq!(rate.bytes_per_second(), Some(0));
    }
}
