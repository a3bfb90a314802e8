//! What results of checks say together.

use std::time::Duration;

use container_model::{Health, HealthCheck, HealthResult, HealthStatus};

/// Judges the results of one run, as Docker does.
#[derive(Debug)]
pub(super) struct Judge {
    start_period: Duration,
    start_interval: Duration,
    interval: Duration,
    retries: u32,
    health: Health,
}

impl Judge {
    pub(super) fn new(check: &HealthCheck) -> Self {
        Self {
            start_period: Duration::from_nanos(check.start_period_ns),
            start_interval: Duration::from_nanos(check.start_interval_ns),
            interval: Duration::from_nanos(check.interval_ns),
            retries: check.retries.max(1),
            health: Health::default(),
        }
    }

    /// What was found so far.
    pub(super) fn health(&self) -> &Health {
        &self.health
    }

    /// How long to wait for the next check when the program has run for `running`.
    pub(super) fn pause(&self, running: Duration) -> Duration {
        match self.is_starting(running) {
            true => self.start_interval,
            false => self.interval,
        }
    }

    /// Takes the result of a check that began when the program had run for `running`; whether the status has changed.
    pub(super) fn take(&mut self, result: HealthResult, running: Duration) -> bool {
        let (is_starting, before) = (self.is_starting(running), self.health.status);
        if result.exit_code == 0 {
            self.health.failing_streak = 0;
            self.health.status = HealthStatus::Healthy;
        } else if !is_starting {
            self.health.failing_streak = self.health.failing_streak.saturating_add(1);
            if self.health.failing_streak >= self.retries {
                self.health.status = HealthStatus::Unhealthy;
            }
        }
        let log = &mut self.health.log;
        log.push(result);
        log.drain(..log.len().saturating_sub(Health::LOG_RESULTS));
        self.health.status != before
    }

    /// Whether the program is given time: within the start period until a check has said something.
    fn is_starting(&self, running: Duration) -> bool {
        self.health.status == HealthStatus::Starting && running < self.start_period
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HealthStatus::{Healthy, Starting, Unhealthy};
    use time::OffsetDateTime;

    fn judge(start_period_s: u64, retries: u32) -> Judge {
        Judge::new(&HealthCheck {
            start_period_ns: start_period_s * 1_000_000_000,
            retries,
            ..HealthCheck::default()
        })
    }

    fn result(exit_code: i32) -> HealthResult {
        HealthResult {
            start: OffsetDateTime::UNIX_EPOCH,
            end: OffsetDateTime::UNIX_EPOCH,
            exit_code,
            output: String::new(),
        }
    }

    /// Results with the seconds at which their checks began, and what is so afterwards: the status, the streak, the pause in seconds.
    fn assert_course(mut judge: Judge, course: &[(i32, u64, HealthStatus, u32, u64)]) {
        for (number, &(exit_code, seconds, status, streak, pause_s)) in course.iter().enumerate() {
            let running = Duration::from_secs(seconds);
            let before = judge.health().status;
            let has_changed = judge.take(result(exit_code), running);
            assert_eq!(has_changed, before != status, "{number}");
            let health = judge.health();
            assert_eq!((health.status, health.failing_streak), (status, streak), "{number}");
            assert_eq!(judge.pause(running), Duration::from_secs(pause_s), "{number}");
        }
    }

    #[test]
    fn the_first_success_makes_it_healthy() {
        assert_course(judge(0, 3), &[(0, 30, Healthy, 0, 30), (0, 60, Healthy, 0, 30)]);
        assert_course(judge(0, 3), &[(1, 30, Starting, 1, 30), (0, 60, Healthy, 0, 30)]);
    }

    #[test]
    fn so_many_failures_in_a_row_make_it_unhealthy_from_either_state() {
        assert_course(
            judge(0, 3),
            &[
                (1, 30, Starting, 1, 30),
                (-1, 60, Starting, 2, 30),
                (137, 90, Unhealthy, 3, 30),
                (1, 120, Unhealthy, 4, 30),
            ],
        );
        assert_course(
            judge(0, 2),
            &[
                (0, 30, Healthy, 0, 30),
                (1, 60, Healthy, 1, 30),
                (0, 90, Healthy, 0, 30),
                (1, 120, Healthy, 1, 30),
                (1, 150, Unhealthy, 2, 30),
                (0, 180, Healthy, 0, 30),
            ],
        );
        assert_course(judge(0, 1), &[(1, 30, Unhealthy, 1, 30)]);
        // A record may say 0.
        assert_course(judge(0, 0), &[(1, 30, Unhealthy, 1, 30)]);
    }

    #[test]
    fn failures_of_the_start_period_do_not_count_until_the_first_success() {
        assert_course(
            judge(20, 2),
            &[
                (1, 5, Starting, 0, 5),
                (1, 10, Starting, 0, 5),
                (1, 19, Starting, 0, 5),
                (1, 20, Starting, 1, 30),
                (1, 50, Unhealthy, 2, 30),
            ],
        );
        assert_course(
            judge(20, 2),
            &[
                (1, 5, Starting, 0, 5),
                (0, 10, Healthy, 0, 30),
                (1, 11, Healthy, 1, 30),
                (1, 12, Unhealthy, 2, 30),
            ],
        );
    }

    #[test]
    fn the_first_check_waits_for_an_interval() {
        assert_eq!(judge(0, 3).pause(Duration::ZERO), Duration::from_secs(30));
        assert_eq!(judge(20, 3).pause(Duration::ZERO), Duration::from_secs(5));
        assert_eq!(judge(20, 3).pause(Duration::from_secs(20)), Duration::from_secs(30));
    }

    #[test]
    fn the_last_five_results_are_kept() {
        let mut judge = judge(0, 3);
        for exit_code in 1..8 {
            judge.take(result(exit_code), Duration::ZERO);
        }
        let codes: Vec<i32> = judge.health().log.iter().map(|result| result.exit_code).collect();
        assert_eq!(codes, [3, 4, 5, 6, 7]);
    }
}
