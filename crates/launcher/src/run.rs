//! One run of the container, from the boot of its machine to that machine's end.

mod attempt;
mod boot;
mod booted;
mod changes;
mod clock;
mod come_up;
mod context;
mod hold;
mod room;
mod stop;
mod supervise;
mod teardown;

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::failure::LifeError;
use crate::logs;
use crate::session::{Ending, Progress};
use crate::timings::Timings;
use boot::boot;
pub(crate) use booted::Booted;
pub(crate) use context::RunContext;
use hold::hold;
use supervise::{supervise, wait_for_start};
pub(crate) use teardown::{Dismissed, dismiss, written_disks};

/// A run whose workload has ended, or never came to run.
pub(crate) struct FinishedRun {
    pub(crate) ending: Ending,
    /// Its machine, which is still to be taken down; `None` when there is none.
    pub(crate) machine: Option<Booted>,
}

/// Boots the machine, starts the workload once a client wants it to, and stays with it to its end.
pub(crate) async fn run_once(context: &RunContext<'_>, number: u32, timings: &mut Timings) -> FinishedRun {
    context.session.set_progress(Progress::Booting);
    let mut booted = match boot(context, number, timings).await {
        Ok(booted) => booted,
        Err(error) => {
            return FinishedRun {
                ending: failed(context, &error).await,
                machine: None,
            };
        }
    };
    context.session.set_progress(Progress::Ready(Arc::clone(&booted.run)));
    let clock = tokio::spawn(clock::keep(
        booted.run.agent.clone(),
        booted.machine.stalls(),
        context.launch.limits.clock,
    ));
    let share_changes = booted.share_changes.take();
    let changes = share_changes.map(|stream| tokio::spawn(changes::relay(booted.run.agent.clone(), stream)));
    let starting = booted.starting.take();
    let outcome = async {
        wait_for_start(context, &booted.machine).await?;
        match context.config.build {
            Some(_) => Ok(hold(context, &booted, timings).await),
            None => supervise(context, &booted, starting, timings).await,
        }
    };
    let ending = match outcome.await {
        Ok(ending) => ending,
        Err(error) => {
            if matches!(error, LifeError::BootEnded { .. }) {
                booted.console.complete().await;
            }
            failed(context, &error).await
        }
    };
    booted.run.tell_end(&ending);
    clock.abort();
    if let Some(changes) = changes {
        changes.abort();
    }
    FinishedRun {
        ending,
        machine: Some(booted),
    }
}

async fn failed(context: &RunContext<'_>, error: &LifeError) -> Ending {
    let log = context.bundle.boot_log();
    let console = spawn_blocking(move || logs::tail(&log)).await.unwrap_or_default();
    tracing::error!(%error, "the container did not come to run");
    Ending::failed(error.to_failure(&console))
}
