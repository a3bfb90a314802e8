//! How slow a server may be: how long it may send nothing, and the least rate at which a body has to come.
//!
//! The rate ends transfers from servers that send a few bytes now and then.

use std::time::Duration;

/// The longest wait for an answer or for the next bytes, in either direction.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// The rate is checked each time that the waits add up to this.
const WINDOW: Duration = Duration::from_secs(120);
/// The least number of bytes in this time: 136 bytes a second, which is slower than any line in use.
const LEAST_BYTES: u64 = 16 * 1024;

/// Bytes received and time waited for them. Time in which the receiver was busy does not count.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    bytes: u64,
}

/// Fewer bytes came than the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooSlow {
    pub(crate) bytes: u64,
    pub(crate) waited: Duration,
}

impl Pace {
    /// Counts bytes that came after a wait.
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
