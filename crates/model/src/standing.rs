//! What the phase on record and the lock of a container mean together.

use crate::Phase;

/// Whether the lock of a container is held. Its owner holds it for as long as it lives, so that nothing on record has to be believed
/// about that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// A process owns the container.
    Held,
    /// No process does.
    Free,
}

/// What is to become of a container without an owner, whatever its phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// It stays until it is deleted.
    Keep,
    /// It is removed once it has ended.
    UntilEnd,
    /// It is removed at once: the command that made it ended before the user knew of it.
    Abandoned,
}

/// How a container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A launcher owns it.
    Live,
    /// It does not run, and its record says so.
    AtRest,
    /// Its record says that it runs, but its launcher is dead: the record has to be repaired.
    OwnerDied,
    /// It has to be removed.
    Leftover,
    /// It has no owner and is in a phase that this program does not know. The record may be right, so it stays as it is.
    NotUnderstood,
}

impl Standing {
    /// How a container stands whose record says `phase`.
    #[must_use]
    pub fn of(phase: &Phase, lock: LockState, retention: Retention) -> Self {
        use LockState::{Free, Held};
        use Retention::{Abandoned, Keep, UntilEnd};
        match (phase, lock, retention) {
            (Phase::Created | Phase::Stopped { .. }, Held, _) => Self::AtRest,
            (_, Held, _) => Self::Live,
            (_, Free, Abandoned) => Self::Leftover,
            (Phase::Created, Free, Keep | UntilEnd) | (Phase::Stopped { .. }, Free, Keep) => Self::AtRest,
            (Phase::Stopped { .. }, Free, UntilEnd) => Self::Leftover,
            (Phase::Starting { .. } | Phase::Running { .. } | Phase::Stopping { .. }, Free, Keep) => Self::OwnerDied,
            (Phase::Starting { .. } | Phase::Running { .. } | Phase::Stopping { .. }, Free, UntilEnd) => Self::Leftover,
            (Phase::Unknown(_), Free, Keep | UntilEnd) => Self::NotUnderstood,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LockState::{Free, Held};
    use Retention::{Abandoned, Keep, UntilEnd};
    use Standing::{AtRest, Leftover, Live, NotUnderstood, OwnerDied};

    /// How containers of these phases stand for each lock and retention.
    fn assert_row(phases: &[serde_json::Value], row: [(LockState, Retention, Standing); 6]) {
        for phase in phases {
            let phase: Phase = serde_json::from_value(phase.clone()).unwrap();
            for (lock, retention, standing) in row {
                assert_eq!(
                    Standing::of(&phase, lock, retention),
                    standing,
                    "{phase:?} {lock:?} {retention:?}"
                );
            }
        }
    }

    fn named(name: &str) -> serde_json::Value {
        serde_json::json!({ "name": name, "started": "2026-01-01T00:00:00Z" })
    }

    #[test]
    fn a_container_that_was_never_started_rests_until_it_is_abandoned() {
        assert_row(
            &[named("created")],
            [
                (Held, Keep, AtRest),
                (Held, UntilEnd, AtRest),
                (Held, Abandoned, AtRest),
                (Free, Keep, AtRest),
                (Free, UntilEnd, AtRest),
                (Free, Abandoned, Leftover),
            ],
        );
    }

    #[test]
    fn a_container_that_runs_is_live_while_its_lock_is_held() {
        assert_row(
            &[named("starting"), named("running"), named("stopping")],
            [
                (Held, Keep, Live),
                (Held, UntilEnd, Live),
                (Held, Abandoned, Live),
                (Free, Keep, OwnerDied),
                (Free, UntilEnd, Leftover),
                (Free, Abandoned, Leftover),
            ],
        );
    }

    #[test]
    fn a_container_that_has_ended_rests_unless_it_was_to_be_removed() {
        assert_row(
            &[named("stopped")],
            [
                (Held, Keep, AtRest),
                (Held, UntilEnd, AtRest),
                (Held, Abandoned, AtRest),
                (Free, Keep, AtRest),
                (Free, UntilEnd, Leftover),
                (Free, Abandoned, Leftover),
            ],
        );
    }

    #[test]
    fn a_container_in_an_unknown_phase_is_live_while_its_lock_is_held_and_never_repaired() {
        assert_row(
            &[named("paused"), named("rewinding")],
            [
                (Held, Keep, Live),
                (Held, UntilEnd, Live),
                (Held, Abandoned, Live),
                (Free, Keep, NotUnderstood),
                (Free, UntilEnd, NotUnderstood),
                (Free, Abandoned, Leftover),
            ],
        );
    }
}
