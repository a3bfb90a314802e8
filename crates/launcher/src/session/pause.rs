//! Stopping the container's processes where they are, and letting them go on.

use std::sync::Arc;

use tokio::sync::RwLockReadGuard;
use tonic::Status;

use super::{Progress, Run, Session};

impl Session {
    /// Stops the processes of the running container where they are, or lets them go on; returns when that is on record. One that is about to end
    /// does so: nothing of it is stopped any more.
    pub(crate) async fn set_paused(self: &Arc<Self>, to: bool) -> Result<(), Status> {
        let session = Arc::clone(self);
        // Nothing is left half-done when the client goes away.
        let changing = tokio::spawn(async move { session.change_pause(to).await });
        let lost = |_| Status::aborted("the launcher was interrupted");
        changing.await.map_err(lost)?
    }

    async fn change_pause(&self, to: bool) -> Result<(), Status> {
        let run = self.running().ok_or_else(not_running)?;
        let mut paused = run.paused.write().await;
        // A stop that is wished for from here on finds the processes stopped, and lets them go on.
        if !matches!(self.progress(), Progress::Running(current) if current.number == run.number) {
            return Err(not_running());
        }
        match (*paused, to) {
            (true, true) => return Err(Status::failed_precondition("it is paused already")),
            (false, false) => return Err(Status::failed_precondition("it is not paused")),
            _ => {}
        }
        if to {
            run.is_still.send_replace(true);
        }
        if let Err(error) = run.agent.set_paused(to).await {
            if to {
                // An answer that is lost may have been that they stand still.
                let _ = run.agent.set_paused(false).await;
                run.is_still.send_replace(false);
            }
            return Err(Status::aborted(error.to_string()));
        }
        *paused = to;
        run.is_still.send_replace(to);
        let _ = run.notes.paused(to).await;
        Ok(())
    }
}

/// The processes of a container go on.
pub(crate) struct GoingOn<'a> {
    _paused: RwLockReadGuard<'a, bool>,
}

impl Run {
    /// Whether the processes stand still. While that changes, as they did before.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused.try_read().is_ok_and(|paused| *paused)
    }

    /// Whether the processes go on, and do for as long as the value lives: a pause waits for that. One more that is started in a container that stands
    /// still would stand still before it has begun, and its client with it; `None` then.
    pub(crate) async fn going_on(&self) -> Option<GoingOn<'_>> {
        let paused = self.paused.read().await;
        (!*paused).then_some(GoingOn { _paused: paused })
    }

    /// Lets the processes go on that are to end. What does not answer is switched off in the end.
    pub(crate) async fn let_go_on(&self) {
        // Nothing that is being started holds up a container that goes on.
        if self.going_on().await.is_some() {
            return;
        }
        let mut paused = self.paused.write().await;
        if *paused {
            match self.agent.set_paused(false).await {
                Ok(()) => {
                    *paused = false;
                    self.is_still.send_replace(false);
                }
                Err(error) => tracing::warn!(%error, "cannot let the paused container go on"),
            }
        }
    }
}

fn not_running() -> Status {
    Status::failed_precondition("the container is not running")
}
