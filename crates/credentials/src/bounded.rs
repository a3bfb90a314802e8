//! Waiting no longer than something is worth.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What `work` gives, if it does so in time. Whatever takes longer goes on by itself on its thread, and nobody hears of it.
pub(crate) fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("credentials".to_owned());
    thread
        .spawn(move || {
            // Nobody listens any more when it took too long.
            let _ = sender.send(work());
        })
        .ok()?;
    receiver.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_left_behind() {
        let (hold, held) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(20), move || held.recv().is_ok()), None);
        drop(hold);
        assert_eq!(within(Duration::from_secs(30), || 7), Some(7));
    }
}
