//! Progress messages of a task, and the durations of its steps.

use anyhow::Result;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Prints one line to standard error.
pub(crate) fn say(message: impl std::fmt::Display) {
    eprintln!("xtask: {message}");
}

/// The steps of a task with their wall times. Steps may run side by side.
pub(crate) struct Steps {
    begun: Instant,
    finished: Mutex<Vec<(String, f64)>>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            finished: Mutex::default(),
        }
    }
}

impl Steps {
    /// Runs one step, announced before and timed after it.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn run<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        say(format_args!("{name} …"));
        let start = Instant::now();
        let result = work()?;
        let seconds = start.elapsed().as_secs_f64();
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        finished.push((name.to_owned(), seconds));
        Ok(result)
    }

    /// Prints the wall time of every step and of the whole, which is less than their sum where steps ran side by side.
    pub(crate) fn report(&self) {
        for (name, seconds) in &*self.finished.lock().unwrap_or_else(PoisonError::into_inner) {
            say(format_args!("{seconds:8.1} s  {name}"));
        }
        say(format_args!("{:8.1} s  in all", self.begun.elapsed().as_secs_f64()));
    }
}
