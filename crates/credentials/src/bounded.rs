//! Blocking work with a time limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs `work` on a thread and returns its result, or `None` when it takes longer than `limit` or no thread can be started. Work that
/// takes longer goes on on its thread, and its result is dropped.
pub(crate) fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("credentials".to_owned());
    thread
        .spawn(move || {
            // Fails when the time limit is over.
            let _ = sender.send(work());
        })
        .ok()?;
    receiver.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_hangs_is_not_waited_for() {
        let (hold, held) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(20), move || held.recv().is_ok()), None);
        drop(hold);
        assert_eq!(within(Duration::from_secs(30), || 7), Some(7));
    }
}
