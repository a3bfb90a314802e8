//! Waiting for something with a bound.

use std::thread;
use std::time::{Duration, Instant};

/// Time between two checks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `holds` says so.
///
/// # Panics
/// When it does not within `limit`; the message names `what`.
pub fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        thread::sleep(INTERVAL);
    }
}
