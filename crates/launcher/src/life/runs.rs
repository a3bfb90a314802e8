//! The container's runs, one after the other.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use container_model::{LastRun, Phase, RestartPolicy, UnknownFields};
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::launch::{EndedRun, NextRun};
use crate::run::{Dismissed, RunContext, dismiss, run_once};
use crate::session::{Ending, Progress, Wishes};
use crate::timings::{Stopwatch, Timings};

/// A container whose last run is over.
pub(super) struct Ended {
    /// How it ended.
    pub(super) ending: Ending,
    /// Its last machine, unless it never had one.
    pub(super) machine: Option<Dismissed>,
}

/// Runs the container until the policy has it end, or a client wants it to. What its last machine had to write is on the disks then. The timings
/// are those of the last run afterwards; those of the runs before it are published, to `timings_file` as well.
pub(super) async fn run_all(context: &RunContext<'_>, timings: &mut Timings, timings_file: Option<&Path>) -> Ended {
    let mut before = None;
    let mut number = 1;
    let mut pause_before = Duration::ZERO;
    let mut config = Arc::clone(context.config);
    loop {
        let context = &RunContext {
            config: &config,
            ..*context
        };
        let run = run_once(context, number, timings).await;
        let networks = run.machine.as_ref().map(|machine| Arc::clone(&machine.run.networks));
        let mut restart = context.session.restart();
        let ended_run = ended_run(number, pause_before, &run.ending, *restart.borrow_and_update());
        let next = next_run(context, &ended_run);
        let ending = following(context, before, run.ending);
        let pause = match next {
            // Clients hear of the end while the guest unmounts; their streams end once it is on record.
            NextRun::None if run.machine.is_some() => {
                announce_end(context, &ending);
                None
            }
            NextRun::None => None,
            NextRun::After { pause } => {
                announce_pause(context, &ending).await;
                Some(pause)
            }
        };
        let mut stopwatch = Stopwatch::start();
        let machine = match run.machine {
            Some(machine) => {
                let is_disk_needed =
                    !context.config.options.auto_remove || pause.is_some() || context.volumes.outlive(context.config);
                Some(dismiss(context, machine, is_disk_needed).await)
            }
            None => None,
        };
        timings.teardown_ms += stopwatch.lap_ms();
        let Some(pause) = pause else {
            return Ended { ending, machine };
        };
        // The next machine has the same disks.
        let machine = match machine {
            Some(machine) => Some(machine.ended().await),
            None => None,
        };
        timings.teardown_ms += stopwatch.lap_ms();
        if is_ended_within(context, pause, &ended_run, restart).await {
            announce_end(context, &ending);
            return Ended { ending, machine };
        }
        pause_before = pause;
        number += 1;
        std::mem::replace(timings, Timings::new(context.config.id.as_str(), number)).publish(timings_file);
        before = Some(ending);
        // The next one begins on the networks and with the limits that clients have chosen meanwhile.
        let networks = match networks {
            Some(networks) => Some(networks.last_attachments().await),
            None => None,
        };
        let wanted = context.session.begin_next_run().await;
        let next = Arc::make_mut(&mut config);
        if let Some(networks) = networks {
            next.networks = networks;
        }
        if let Some((resources, restart)) = wanted {
            (next.resources, next.options.restart) = (resources, restart);
        }
    }
}

/// What follows a run. A wish to end the container is obeyed without asking.
fn next_run(context: &RunContext<'_>, ended: &EndedRun) -> NextRun {
    match context.session.wishes().borrow().forbid_next_run() {
        true => NextRun::None,
        false => context.launch.policy.after(ended),
    }
}

fn ended_run(number: u32, pause_before: Duration, ending: &Ending, restart: RestartPolicy) -> EndedRun {
    let span = |(started, finished): (OffsetDateTime, OffsetDateTime)| (finished - started).unsigned_abs();
    EndedRun {
        number,
        exit: ending.exit,
        pause_before,
        duration: ending.started.zip(ending.finished).map(span).unwrap_or_default(),
        restart,
    }
}

/// How the container has ended if its last run ended like `ending` and the one before it like `before`.
fn following(context: &RunContext<'_>, before: Option<Ending>, ending: Ending) -> Ending {
    match before {
        // A run that was given up before it had a workload adds nothing.
        Some(before) if !ending.ran() && is_end_wanted(context) => before,
        // The record tells the last start that there was.
        Some(before) if !ending.ran() => Ending {
            started: before.started,
            ..ending
        },
        _ => ending,
    }
}

fn is_end_wanted(context: &RunContext<'_>) -> bool {
    context.session.wishes().borrow().forbid_run()
}

fn announce_end(context: &RunContext<'_>, ending: &Ending) {
    context.session.set_progress(Progress::Ended(ending.clone()));
    context.session.output.close();
}

async fn announce_pause(context: &RunContext<'_>, ending: &Ending) {
    context.session.set_progress(Progress::Pausing);
    context.session.open_stdin();
    let last = LastRun {
        started: ending.started,
        finished: ending.finished,
        exit: ending.exit,
        reason: ending.reason.clone(),
        unknown: UnknownFields::new(),
    };
    let _ = context.recorder.phase(Phase::Starting { after: Some(last) }).await;
    context.session.set_ended_run(ending.clone());
}

/// Whether a client wants the container to end while the next run is waited for, or has given it a restart policy after which none follows.
async fn is_ended_within(
    context: &RunContext<'_>,
    pause: Duration,
    ended: &EndedRun,
    mut restart: watch::Receiver<RestartPolicy>,
) -> bool {
    let mut wishes = context.session.wishes();
    let over = async {
        loop {
            tokio::select! {
                biased;
                // A wish that is there already counts, however short the pause.
                _ = wishes.wait_for(Wishes::forbid_next_run) => return,
                // The sender is the session's, so the channel cannot close.
                Ok(()) = restart.changed() => {
                    let restart = *restart.borrow_and_update();
                    if next_run(context, &EndedRun { restart, ..ended.clone() }) == NextRun::None {
                        return;
                    }
                }
            }
        }
    };
    tokio::time::timeout(pause, over).await.is_ok()
}
