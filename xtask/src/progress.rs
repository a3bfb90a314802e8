//! What a task says while it works, and how long each step took.

use anyhow::Result;
use std::time::Instant;

/// Says one line on standard error.
pub(crate) fn say(message: impl std::fmt::Display) {
    eprintln!("xtask: {message}");
}

/// The steps of a task with their wall times.
#[derive(Default)]
pub(crate) struct Steps {
    finished: Vec<(String, f64)>,
}

impl Steps {
    /// Runs one step, announced before and timed after it.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        say(format_args!("{name} …"));
        let start = Instant::now();
        let result = work()?;
        self.finished.push((name.to_owned(), start.elapsed().as_secs_f64()));
        Ok(result)
    }

    /// Says the wall time of every step and their sum.
    pub(crate) fn report(&self) {
        let total: f64 = self.finished.iter().map(|(_, seconds)| seconds).sum();
        for (name, seconds) in &self.finished {
            say(format_args!("{seconds:8.1} s  {name}"));
        }
        say(format_args!("{total:8.1} s  in all"));
    }
}
