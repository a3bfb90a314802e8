//! Retries of requests and transfers, with pauses that grow.

use std::time::Duration;

use crate::RegistryError;

/// How often a request is made at most, for a transfer how often in a row without progress.
pub(crate) const ATTEMPTS: u32 = 5;
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// The longest pause. A request is not repeated when the registry asks for a longer one.
const PAUSE_LIMIT: Duration = Duration::from_secs(60);

/// The bytes that an attempt has to transfer for the count of attempts to start again. A registry that sends less each time is given
/// up after [`ATTEMPTS`].
pub(crate) const PROGRESS_BYTES: u64 = 64 * 1024;

/// A request that failed and will be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// What was asked for.
    pub what: String,
    /// Why it failed.
    pub reason: String,
    /// Time until the next try.
    pub delay: Duration,
}

/// Repeats the request while it fails for a transient reason; `on_retry` is called with each failure that is retried.
///
/// # Errors
/// That of the last try.
pub async fn retry<T>(
    what: &str,
    on_retry: impl Fn(Retry),
    request: impl AsyncFnMut() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    retry_transfer(what, on_retry, || 0, request).await
}

/// [`retry`] of a transfer that resumes where it stopped. An attempt that transfers at least 64 KiB starts the count of attempts
/// again; `transferred_bytes` returns how many bytes have arrived in all.
///
/// # Errors
/// That of the last try.
pub async fn retry_transfer<T>(
    what: &str,
    on_retry: impl Fn(Retry),
    transferred_bytes: impl Fn() -> u64,
    mut request: impl AsyncFnMut() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    let mut attempt = 1;
    let mut before_bytes = transferred_bytes();
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) if !error.is_worth_a_retry() => return Err(error),
            Err(error) => error,
        };
        let now_bytes = transferred_bytes();
        if now_bytes >= before_bytes + PROGRESS_BYTES {
            attempt = 1;
        } else if attempt == ATTEMPTS {
            return Err(error);
        }
        before_bytes = now_bytes;
        let delay = pause(attempt, error.retry_after());
        on_retry(Retry {
            what: what.to_owned(),
            reason: error.to_string(),
            delay,
        });
        tokio::time::sleep(delay).await;
        attempt += 1;
    }
}

impl RegistryError {
    /// Whether the same request may succeed after a pause that is not too long.
    pub(crate) fn is_worth_a_retry(&self) -> bool {
        self.is_transient() && self.retry_after().is_none_or(|after| after <= PAUSE_LIMIT)
    }
}

/// The pause after the given attempt.
pub(crate) fn pause(attempt: u32, asked: Option<Duration>) -> Duration {
    let own = FIRST_PAUSE * 2u32.saturating_pow(attempt.saturating_sub(1));
    asked.unwrap_or(own).clamp(FIRST_PAUSE, PAUSE_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert_eq!(pause(1, None), FIRST_PAUSE);
        assert_eq!(pause(3, None), FIRST_PAUSE * 4);
        assert_eq!(pause(40, None), PAUSE_LIMIT);
        assert_eq!(pause(1, Some(Duration::from_secs(86_400))), PAUSE_LIMIT);
        assert_eq!(pause(1, Some(Duration::ZERO)), FIRST_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_transfer_that_makes_progress_is_not_given_up() {
        let broken = || RegistryError::Timeout { host: "r".to_owned() };
        for (step_bytes, succeeds) in [(PROGRESS_BYTES, true), (1, false)] {
            let arrived = std::cell::Cell::new(0);
            let made = std::cell::Cell::new(0);
            let outcome = retry_transfer(
                "x",
                drop,
                || arrived.get(),
                async || {
                    arrived.set(arrived.get() + step_bytes);
                    made.set(made.get() + 1);
                    if made.get() == 20 { Ok(()) } else { Err(broken()) }
                },
            );
            assert_eq!(outcome.await.is_ok(), succeeds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_retry_after_is_not_waited_for() {
        let busy = |seconds| RegistryError::Status {
            host: "r".to_owned(),
            status: 429,
            reason: "slow down".to_owned(),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        for (seconds, requests) in [(5, ATTEMPTS), (3600, 1)] {
            let made = std::cell::Cell::new(0);
            let error = retry("x", drop, async || {
                made.set(made.get() + 1);
                Err::<(), _>(busy(seconds))
            });
            assert!(error.await.unwrap_err().to_string().contains("come back in"));
            assert_eq!(made.get(), requests);
        }
    }
}
