//! What clients want of the container.

use container_model::Signal;
use tokio::time::Instant;

/// What clients want of the container, all of them together. Wishes outlive a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wishes {
    /// A client wants the workload to run.
    pub(crate) start: bool,
    /// A client, or a signal to the launcher, wants the container to end.
    pub(crate) stop: Option<Stop>,
    /// A client has sent a signal that is to end the workload: no other run follows.
    pub(crate) last_run: bool,
    /// One of these two was wanted by a user.
    pub(crate) by_user: bool,
    /// The container is to end because its host goes down, or the session of the host that it was started in ends.
    pub(crate) by_host: bool,
    /// The process that started the launcher went away.
    pub(crate) abandoned: bool,
    /// A client has been told how it went, or is about to be.
    pub(crate) heard: bool,
}

/// A wish to end the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The signal to begin with.
    pub(crate) signal: Signal,
    /// When to use SIGKILL.
    pub(crate) kill_at: Instant,
}

impl Wishes {
    /// Adds a wish to stop. The last signal and the earliest SIGKILL count.
    pub(crate) fn add_stop(&mut self, wish: Stop) {
        let kill_at = self.stop.map_or(wish.kill_at, |stop| stop.kill_at.min(wish.kill_at));
        self.stop = Some(Stop {
            signal: wish.signal,
            kill_at,
        });
    }

    /// Whether there is to be no workload: a boot in progress is given up, and no other run begins.
    pub(crate) fn forbid_run(&self) -> bool {
        self.stop.is_some() || (self.abandoned && !self.start)
    }

    /// Whether no other run is to follow.
    pub(crate) fn forbid_next_run(&self) -> bool {
        self.forbid_run() || self.last_run
    }
}
