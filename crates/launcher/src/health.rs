//! Checks whether the container works, while its workload runs.
//!
//! A check is one more process in the container, as `exec` starts them. Checks follow each other with a pause between two of them; what they say together
//! is decided by [`judge`] alone, which knows neither clocks nor processes. Nothing waits for a check: the end of the run drops the one that is going on,
//! and so does a pause, after which it is not known how long the check would have taken.

mod captured;
mod check;
mod judge;
mod monitor;
mod pace;

pub(crate) use monitor::HealthMonitor;
