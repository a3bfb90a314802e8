//! How often results are written to the disk.

use std::time::Duration;

use tokio::time::Instant;

/// From one write to the next, if nothing has changed but that there was one more check. Each write waits for the disk.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// When results are due to be written: at once where they change the status, and else now and then.
#[derive(Debug, Default)]
pub(super) struct Pace {
    written: Option<Instant>,
    is_behind: bool,
}

impl Pace {
    /// Whether a result is to be written at once.
    pub(super) fn take(&mut self, now: Instant, has_changed: bool) -> bool {
        let is_due = has_changed || self.written.is_none_or(|written| now >= written + WRITE_EVERY);
        self.is_behind = !is_due;
        if is_due {
            self.written = Some(now);
        }
        is_due
    }

    /// When there is something to write even if no other result comes.
    pub(super) fn due(&self) -> Option<Instant> {
        self.written
            .filter(|_| self.is_behind)
            .map(|written| written + WRITE_EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_written_at_once_and_the_rest_now_and_then() {
        let begin = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(), None);
        for (after_ms, has_changed, is_due) in [
            (0, false, true),
            (1_000, false, false),
            (2_000, true, true),
            (6_999, false, false),
            (7_000, false, true),
            (7_001, false, false),
        ] {
            let now = begin + Duration::from_millis(after_ms);
            assert_eq!(pace.take(now, has_changed), is_due, "{after_ms}");
            assert_eq!(pace.due().is_some(), !is_due, "{after_ms}");
        }
        assert_eq!(pace.due(), Some(begin + Duration::from_secs(12)));
    }
}
