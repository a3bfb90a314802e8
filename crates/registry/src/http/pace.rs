//! Whether somebody who sends is getting on.
//!
//! Silence has a limit of its own; this is about those who say a word now and then, and would never finish.

use std::time::Duration;

/// After so much waiting there is a look at what it has brought.
const WINDOW: Duration = Duration::from_secs(120);
/// The least that it has to bring, which is 136 bytes a second: slower than any line that is in use.
const LEAST_BYTES: u64 = 16 * 1024;

/// What has come, and how long it was waited for. Time in which nobody was ready to take anything does not count.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    bytes: u64,
}

/// Too little has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooSlow {
    pub(crate) bytes: u64,
    pub(crate) waited: Duration,
}

impl Pace {
    /// So many bytes have come after a wait.
    pub(crate) fn count(&mut self, waited: Duration, bytes: u64) -> Result<(), TooSlow> {
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < WINDOW {
            return Ok(());
        }
        let Self { waited, bytes } = std::mem::take(self);
        match bytes < LEAST_BYTES {
            true => Err(TooSlow { bytes, waited }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_ends_and_a_slow_line_does_not() {
        let minute = Duration::from_secs(59);
        let mut trickle = Pace::default();
        assert_eq!(trickle.count(minute, 1), Ok(()));
        assert_eq!(trickle.count(minute, 1), Ok(()));
        let slow = trickle.count(minute, 1).unwrap_err();
        assert_eq!((slow.bytes, slow.waited.as_secs()), (3, 177));

        let mut line = Pace::default();
        for _ in 0..10_000 {
            // 1200 bytes a second.
            assert_eq!(line.count(Duration::from_secs(1), 1200), Ok(()));
        }
        let mut burst = Pace::default();
        assert_eq!(burst.count(Duration::ZERO, 1 << 20), Ok(()));
        assert_eq!(
            burst.count(minute * 3, 0),
            Ok(()),
            "what came before the wait counts once"
        );
        assert!(burst.count(minute * 3, 0).is_err());
    }
}
