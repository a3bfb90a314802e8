//! What is printed: a value with its unit, of a subject.

use std::time::Duration;

use serde_json::{Value, json};

/// A figure. Those of the same label can be compared between subjects.
pub(super) fn figure(subject: &str, label: &str, unit: &str, value: f64) -> Value {
    json!({ "subject": subject, "label": label, "unit": unit, "value": value })
}

/// Gigabits a second of so many bytes in this time.
pub(super) fn gigabits(bytes: usize, span: Duration) -> f64 {
    bytes as f64 * 8e-9 / span.as_secs_f64()
}

/// The median and the 99th percentile of round trips.
pub(super) fn round_trips(subject: &str, times: &mut [Duration]) -> [Value; 2] {
    times.sort();
    [50, 99].map(|percent| {
        let at = times[times.len() * percent / 100];
        let label = format!("round trip of a byte, p{percent}");
        figure(subject, &label, "µs", at.as_secs_f64() * 1e6)
    })
}
