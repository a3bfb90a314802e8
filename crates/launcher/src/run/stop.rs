//! Ending the workload step by step.

use std::sync::Arc;
use std::time::Duration;

use container_agent::AgentClient;
use container_model::Signal;
use tokio::time::Instant;

use crate::plan::INIT_PROCESS_ID;
use crate::session::{Run, Stop};

/// How far the workload is in being stopped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// No client wants its end.
    Running,
    /// The stop signal was sent.
    Asked(Stop),
    /// SIGKILL was sent; should the guest not react by then, the machine is switched off.
    Killed { switch_off_at: Instant },
}

impl Stage {
    /// Waits until the stage is over.
    pub(super) async fn over(self) {
        match self {
            Self::Running => std::future::pending().await,
            Self::Asked(stop) => tokio::time::sleep_until(stop.kill_at).await,
            Self::Killed { switch_off_at } => tokio::time::sleep_until(switch_off_at).await,
        }
    }

    /// Takes a wish to stop into account: processes that were paused go on, so that they can heed the signal. SIGKILL goes to the whole container,
    /// paused or not, and has a stage of its own.
    pub(super) fn advance(self, wish: Stop, run: &Arc<Run>) -> Self {
        let is_signal_due = match self {
            Self::Killed { .. } => return self,
            Self::Running => true,
            Self::Asked(before) => before.signal != wish.signal,
        };
        if wish.signal == Signal::KILL {
            return Self::Asked(Stop {
                kill_at: Instant::now(),
                ..wish
            });
        }
        if is_signal_due {
            run.tell_kill(wish.signal);
            let run = Arc::clone(run);
            tokio::spawn(async move {
                run.let_go_on().await;
                send_signal(&run.agent, INIT_PROCESS_ID, wish.signal).await;
            });
        }
        Self::Asked(wish)
    }

    /// Kills all processes of the container; they have `limit` to end.
    pub(super) fn kill_all(agent: &AgentClient, limit: Duration) -> Self {
        let agent = agent.clone();
        tokio::spawn(async move { send_signal(&agent, "", Signal::KILL).await });
        Self::Killed {
            switch_off_at: Instant::now() + limit,
        }
    }
}

/// Sends a signal, beside what else happens: the guest need not answer.
async fn send_signal(agent: &AgentClient, process_id: &str, signal: Signal) {
    if let Err(error) = agent.signal(process_id, signal.number()).await {
        tracing::warn!(%error, %signal, "cannot send a signal to the workload");
    }
}
