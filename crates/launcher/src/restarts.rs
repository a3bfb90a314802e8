//! The restart policy of a container's record, with the pauses that Docker documents.

use std::time::Duration;

use container_model::RestartPolicy;

use crate::launch::{EndedRun, NextRun, RunPolicy};

/// Before the first restart, and before one after a run that was long enough.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Each pause is twice the one before it, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A run of this length counts as a success: the pauses begin anew.
const LONG_RUN: Duration = Duration::from_secs(10);

/// What follows a run of a container, by the restart policy that its record has then.
///
/// A first run whose workload does not come to run is the last one, because whoever starts the container hears of it. Later on that is a failure like
/// others, since it may be the host's.
#[derive(Debug, Clone, Copy)]
pub struct Restarts;

impl RunPolicy for Restarts {
    fn after(&self, run: &EndedRun) -> NextRun {
        if run.exit.is_none() && run.number == 1 {
            return NextRun::None;
        }
        let restarts = run.number.saturating_sub(1);
        let is_wanted = match run.restart {
            RestartPolicy::No => false,
            RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
            RestartPolicy::OnFailure { maximum_retry_count } => {
                let is_left = maximum_retry_count == 0 || restarts < maximum_retry_count;
                is_left && run.exit.is_none_or(|exit| exit.exit_code != 0)
            }
        };
        match is_wanted {
            true => NextRun::After { pause: pause(run) },
            false => NextRun::None,
        }
    }
}

fn pause(run: &EndedRun) -> Duration {
    if run.duration >= LONG_RUN {
        return FIRST_PAUSE;
    }
    run.pause_before.saturating_mul(2).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::ExitStatus;

    const MOMENT: Duration = Duration::from_millis(20);

    fn ended(
        restart: RestartPolicy,
        number: u32,
        exit_code: Option<u8>,
        pause_before: Duration,
        duration: Duration,
    ) -> EndedRun {
        EndedRun {
            restart,
            number,
            exit: exit_code.map(|exit_code| ExitStatus {
                exit_code,
                signal: None,
                oom_killed: false,
            }),
            pause_before,
            duration,
        }
    }

    /// The pauses between runs that all end with `exit_code` at once, until there is none.
    fn pauses(policy: RestartPolicy, exit_code: u8, most: u32) -> Vec<u128> {
        let mut pause_before = Duration::ZERO;
        let mut pauses = Vec::new();
        for number in 1..=most {
            match Restarts.after(&ended(policy, number, Some(exit_code), pause_before, MOMENT)) {
                NextRun::None => break,
                NextRun::After { pause } => {
                    pauses.push(pause.as_millis());
                    pause_before = pause;
                }
            }
        }
        pauses
    }

    #[test]
    fn pauses_double_from_a_tenth_of_a_second_to_a_minute() {
        assert_eq!(
            pauses(RestartPolicy::Always, 0, 12),
            [
                100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000
            ]
        );
    }

    #[test]
    fn a_run_of_ten_seconds_makes_them_begin_anew() {
        let after = |duration| {
            let policy = RestartPolicy::UnlessStopped;
            Restarts.after(&ended(policy, 9, Some(1), Duration::from_secs(60), duration))
        };
        let pause = FIRST_PAUSE;
        assert_eq!(after(LONG_RUN), NextRun::After { pause });
        let pause = LONGEST_PAUSE;
        assert_eq!(after(LONG_RUN - Duration::from_millis(1)), NextRun::After { pause });
    }

    #[test]
    fn policies_differ_in_what_is_followed_by_a_restart() {
        let on_failure = |maximum_retry_count| RestartPolicy::OnFailure { maximum_retry_count };
        for (policy, exit_code, count) in [
            (RestartPolicy::No, 1, 0),
            (RestartPolicy::Always, 0, 9),
            (RestartPolicy::Always, 137, 9),
            (RestartPolicy::UnlessStopped, 0, 9),
            (on_failure(0), 0, 0),
            (on_failure(0), 1, 9),
            (on_failure(3), 1, 3),
            (on_failure(3), 0, 0),
        ] {
            assert_eq!(pauses(policy, exit_code, 9).len(), count, "{policy} {exit_code}");
        }
    }

    #[test]
    fn what_never_ran_is_not_tried_again_but_what_ran_before_is() {
        for policy in ["always", "unless-stopped", "on-failure:2"] {
            let restart = policy.parse().unwrap();
            let after = |number| Restarts.after(&ended(restart, number, None, FIRST_PAUSE, Duration::ZERO));
            assert_eq!(after(1), NextRun::None, "{policy}");
            let pause = 2 * FIRST_PAUSE;
            assert_eq!(after(2), NextRun::After { pause }, "{policy}");
        }
        let restart = "on-failure:2".parse().unwrap();
        let spent = ended(restart, 3, None, FIRST_PAUSE, Duration::ZERO);
        assert_eq!(Restarts.after(&spent), NextRun::None);
    }
}
