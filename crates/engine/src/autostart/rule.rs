//! Which containers start together with the host: Docker's rule at the start of its daemon.

use std::fmt;

use container_model::{ObservedState, Phase, RestartPolicy};

/// Why a container does not start together with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaysStopped {
    /// It has no restart policy.
    NoPolicy,
    /// It was made, and never started.
    NeverStarted,
    /// A user has stopped or killed it.
    StoppedByUser,
    /// It starts again after failures only, and has ended with exit code 0.
    Succeeded,
    /// It has been started again as often as its policy allows.
    NoTryLeft,
    /// Its phase is one that only another version of the program knows.
    UnknownPhase,
}

impl fmt::Display for StaysStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPolicy => "no restart policy",
            Self::NeverStarted => "never started",
            Self::StoppedByUser => "stopped by a user",
            Self::Succeeded => "ended with exit code 0",
            Self::NoTryLeft => "no restart left",
            Self::UnknownPhase => "in a phase that this version does not know",
        })
    }
}

/// Why a container of which nothing runs is left as it is; `None` when it has to be started. One whose record says that it runs was ended by the end of
/// its host, so that its exit code is not known, which is a failure as in Docker.
///
/// Unlike Docker, which looks at the exit code alone, a container that is started again after failures stays stopped when a user has stopped it:
/// being told to end is no failure. Nor is it a success, nor one of its tries, when it was told to end because its host went down: it would have gone
/// on, and does.
pub(super) fn stays_stopped(policy: RestartPolicy, state: &ObservedState) -> Option<StaysStopped> {
    if policy.is_no() {
        return Some(StaysStopped::NoPolicy);
    }
    let exit = match &state.phase {
        Phase::Created => return Some(StaysStopped::NeverStarted),
        Phase::Unknown(_) => return Some(StaysStopped::UnknownPhase),
        Phase::Stopped { exit, .. } => exit.as_ref(),
        Phase::Starting { .. } | Phase::Running { .. } | Phase::Stopping { .. } => None,
    };
    match policy {
        RestartPolicy::No => Some(StaysStopped::NoPolicy),
        RestartPolicy::Always => None,
        RestartPolicy::UnlessStopped | RestartPolicy::OnFailure { .. } if state.stopped_by_user => {
            Some(StaysStopped::StoppedByUser)
        }
        RestartPolicy::UnlessStopped => None,
        RestartPolicy::OnFailure { .. } if state.ended_with_host => None,
        RestartPolicy::OnFailure { .. } if exit.is_some_and(|exit| exit.exit_code == 0) => {
            Some(StaysStopped::Succeeded)
        }
        RestartPolicy::OnFailure { maximum_retry_count } => {
            let is_used_up = maximum_retry_count != 0 && state.restart_count >= maximum_retry_count;
            is_used_up.then_some(StaysStopped::NoTryLeft)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn outcome(policy: &str, phase: Value, stopped_by_user: bool, restart_count: u32) -> Option<StaysStopped> {
        let state = ObservedState {
            phase: serde_json::from_value(phase).unwrap(),
            stopped_by_user,
            restart_count,
            ..ObservedState::default()
        };
        stays_stopped(policy.parse().unwrap(), &state)
    }

    fn ended(exit_code: u8) -> Value {
        json!({ "name": "stopped", "exit": { "exitCode": exit_code, "oomKilled": false } })
    }

    #[test]
    fn the_rule_is_that_of_the_start_of_a_daemon() {
        use StaysStopped::{NeverStarted, NoPolicy, NoTryLeft, StoppedByUser, Succeeded, UnknownPhase};
        let killed = || json!({ "name": "stopped", "reason": "the launcher was killed" });
        let running = || json!({ "name": "running", "started": "2026-01-01T00:00:00Z" });
        let stopping = || json!({ "name": "stopping", "started": "2026-01-01T00:00:00Z" });
        for (policy, phase, by_user, count, expected) in [
            ("no", running(), false, 0, Some(NoPolicy)),
            ("no", ended(1), false, 0, Some(NoPolicy)),
            ("no", json!({ "name": "created" }), false, 0, Some(NoPolicy)),
            ("always", json!({ "name": "created" }), false, 0, Some(NeverStarted)),
            ("always", running(), false, 0, None),
            ("always", stopping(), true, 0, None),
            ("always", killed(), false, 0, None),
            ("always", ended(0), false, 9, None),
            ("always", ended(143), true, 0, None),
            ("always", json!({ "name": "rewinding" }), false, 0, Some(UnknownPhase)),
            (
                "unless-stopped",
                json!({ "name": "created" }),
                false,
                0,
                Some(NeverStarted),
            ),
            ("unless-stopped", json!({ "name": "starting" }), false, 0, None),
            ("unless-stopped", running(), false, 0, None),
            ("unless-stopped", stopping(), true, 0, Some(StoppedByUser)),
            ("unless-stopped", killed(), false, 0, None),
            ("unless-stopped", ended(0), false, 0, None),
            ("unless-stopped", ended(0), true, 0, Some(StoppedByUser)),
            ("on-failure", json!({ "name": "created" }), false, 0, Some(NeverStarted)),
            ("on-failure", running(), false, 0, None),
            ("on-failure", killed(), false, 7, None),
            ("on-failure", ended(0), false, 0, Some(Succeeded)),
            ("on-failure", ended(3), false, 7, None),
            ("on-failure", ended(143), true, 0, Some(StoppedByUser)),
            ("on-failure:2", killed(), false, 1, None),
            ("on-failure:2", killed(), false, 2, Some(NoTryLeft)),
            ("on-failure:2", ended(3), false, 2, Some(NoTryLeft)),
        ] {
            let found = outcome(policy, phase.clone(), by_user, count);
            assert_eq!(found, expected, "{policy} {phase} {by_user} {count}");
        }
    }

    #[test]
    fn what_ended_because_its_host_went_down_goes_on() {
        use StaysStopped::{NoPolicy, StoppedByUser};
        for (policy, exit_code, by_user, count, expected) in [
            ("no", 143, false, 0, Some(NoPolicy)),
            ("always", 0, true, 0, None),
            ("unless-stopped", 0, false, 0, None),
            ("unless-stopped", 143, true, 0, Some(StoppedByUser)),
            ("on-failure", 0, false, 0, None),
            ("on-failure", 0, true, 0, Some(StoppedByUser)),
            ("on-failure:2", 143, false, 2, None),
        ] {
            let state = ObservedState {
                phase: serde_json::from_value(ended(exit_code)).unwrap(),
                stopped_by_user: by_user,
                ended_with_host: true,
                restart_count: count,
                ..ObservedState::default()
            };
            let found = stays_stopped(policy.parse().unwrap(), &state);
            assert_eq!(found, expected, "{policy} {exit_code} {by_user}");
        }
    }
}
