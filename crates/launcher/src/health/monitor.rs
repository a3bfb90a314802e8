//! The checks of a run, one after the other.

use std::sync::Arc;
use std::time::Duration;

use container_model::{Health, HealthCheck, HealthResult, Signal, duration_text, exit_code};
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::check::{Check, Outcome};
use super::judge::Judge;
use super::pace::Pace;
use crate::session::{Run, Session, Stillness};

/// A check that was killed by somebody else, or could not be started, may have met the end of its container, of which the launcher then hears within
/// this time.
const END_OF_ALL: Duration = Duration::from_secs(1);

/// Checks the container of a run for as long as this lives.
pub(crate) struct HealthMonitor(JoinHandle<()>);

impl HealthMonitor {
    /// Begins with the checks, if the container is to be checked. The next phase that is recorded says that nothing was found yet.
    pub(crate) fn start(session: &Session, run: &Arc<Run>) -> Option<Self> {
        let check = run.config.health_check.clone()?;
        let arguments = check.arguments();
        if arguments.is_empty() {
            return None;
        }
        run.notes.health(Health::default(), false);
        let still = Stillness::of(session, run);
        let course = Course {
            judge: Judge::new(&check),
            pace: Pace::default(),
            run: Arc::clone(run),
            started: Instant::now(),
            check,
            arguments,
        };
        Some(Self(tokio::spawn(course.go(still))))
    }

    /// Ends the checks: nothing more comes of them.
    pub(crate) async fn end(mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

impl Drop for HealthMonitor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Course {
    run: Arc<Run>,
    check: HealthCheck,
    arguments: Vec<String>,
    judge: Judge,
    pace: Pace,
    /// When the program was started.
    started: Instant,
}

impl Course {
    /// Checks until the guest is gone. After a pause the next check comes an interval later.
    async fn go(mut self, mut still: Stillness) {
        for number in 1_u64.. {
            still.over().await;
            tokio::select! {
                () = still.begun() => continue,
                () = self.rest() => {}
            }
            let running = self.started.elapsed();
            let result = tokio::select! {
                () = still.begun() => continue,
                result = self.result(number) => result,
            };
            match result {
                Some(result) => self.take(result, running),
                None => return,
            }
        }
    }

    /// Waits for the next check, and writes down what is left to be written meanwhile.
    async fn rest(&mut self) {
        let next = Instant::now() + self.judge.pause(self.started.elapsed());
        if let Some(due) = self.pace.due().filter(|due| *due < next) {
            tokio::time::sleep_until(due).await;
            self.record(false);
        }
        tokio::time::sleep_until(next).await;
    }

    fn take(&mut self, result: HealthResult, running: Duration) {
        let has_changed = self.judge.take(result, running);
        self.record(has_changed);
        if has_changed {
            self.run.tell_health(self.judge.health().status);
        }
    }

    fn record(&mut self, has_changed: bool) {
        let is_due = self.pace.take(Instant::now(), has_changed);
        self.run.notes.health(self.judge.health().clone(), is_due);
    }

    /// One check, from its beginning to its end; `None` when its guest is gone.
    async fn result(&self, number: u64) -> Option<HealthResult> {
        let start = OffsetDateTime::now_utc();
        let ended = |exit_code, output| {
            Some(HealthResult {
                start,
                end: OffsetDateTime::now_utc(),
                exit_code,
                output,
            })
        };
        let failed = |output| ended(HealthResult::NO_EXIT_CODE, output);
        let mut check = match Check::begin(&self.run, format!("health-{number}"), self.arguments.clone()) {
            Ok(check) => check,
            Err(reason) => return failed(reason),
        };
        let timeout = Duration::from_nanos(self.check.timeout_ns);
        match tokio::time::timeout(timeout, check.ended()).await {
            Ok(Outcome::Exited(code)) => ended(i32::try_from(code).unwrap_or(i32::MAX), check.output()),
            Ok(Outcome::Killed) => {
                tokio::time::sleep(END_OF_ALL).await;
                let code = u32::from(exit_code::SIGNAL_BASE) + Signal::KILL.number();
                ended(i32::try_from(code).unwrap_or(i32::MAX), check.output())
            }
            Ok(Outcome::NotStarted(reason)) => {
                tokio::time::sleep(END_OF_ALL).await;
                failed(reason)
            }
            Ok(Outcome::Lost) => None,
            Err(_) => {
                check.kill().await;
                failed(exceeded(timeout, &check.output()))
            }
        }
    }
}

/// Docker's words for a check that takes too long.
fn exceeded(timeout: Duration, output: &str) -> String {
    let words = format!("Health check exceeded timeout ({})", duration_text(timeout));
    match output {
        "" => words,
        output => format!("{words}: {output}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_takes_too_long_is_told_in_dockers_words() {
        let exceeded = |ms, output| exceeded(Duration::from_millis(ms), output);
        assert_eq!(exceeded(30_000, ""), "Health check exceeded timeout (30s)");
        assert_eq!(exceeded(90_500, "x"), "Health check exceeded timeout (1m30.5s): x");
    }
}
