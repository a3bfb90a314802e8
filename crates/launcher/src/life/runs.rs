//! One run after the other, and each from its boot to the end of its machine.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use container_model::Phase;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::boot::{Booted, boot};
use super::console_log::ConsoleLog;
use super::stdio_log::StdioLog;
use super::supervise::{supervise, wait_for_start};
use super::{Life, LifeError, clock};
use crate::console;
use crate::launch::{EndedRun, NextRun};
use crate::session::{Ending, Progress, Wishes};
use crate::timings::{Stopwatch, Timings};

impl Life<'_> {
    /// Runs the container until the policy has it end, or somebody wants it to. The timings are those of the last run afterwards;
    /// those of the runs before it are published.
    pub(super) async fn runs(&self, log: &StdioLog, timings: &mut Timings) -> Ending {
        let mut last_started = None;
        for number in 1.. {
            if self.config.options.stdin {
                self.session.open_stdin();
            }
            let (mut ending, booted) = self.run(number, log.clone(), timings).await;
            // The record tells the last start that there was.
            last_started = ending.started.or(last_started);
            ending.started = last_started;
            let next = match self.session.wishes().borrow().ends_boot() {
                true => NextRun::None,
                false => self.launch.policy.after(&ended_run(number, &ending)),
            };
            let pause = match next {
                NextRun::None => return self.end(ending, booted, timings).await,
                NextRun::After { pause } => pause,
            };
            self.session.set_progress(Progress::Pausing);
            drop(self.recorder.phase(Phase::Starting));
            self.take_down_timed(booted, timings).await;
            std::mem::replace(timings, Timings::new(self.config.id.as_str())).publish(self.timings_file().as_deref());
            if self.is_ended_within(pause).await {
                return self.end(ending, None, timings).await;
            }
            self.session.set_progress(Progress::Booting);
        }
        Ending::default()
    }

    /// Whether somebody wants the container to end while the next run is waited for.
    async fn is_ended_within(&self, pause: Duration) -> bool {
        let mut wishes = self.session.wishes();
        tokio::time::timeout(pause, wishes.wait_for(Wishes::ends_boot))
            .await
            .is_ok()
            || self.session.wishes().borrow().ends_boot()
    }

    /// Clients hear of the container's end while its machine goes down; their streams end once it is on record.
    async fn end(&self, ending: Ending, booted: Option<Booted>, timings: &mut Timings) -> Ending {
        self.session.set_progress(Progress::Ended(ending.clone()));
        self.session.output.close();
        self.take_down_timed(booted, timings).await;
        ending
    }

    async fn take_down_timed(&self, booted: Option<Booted>, timings: &mut Timings) {
        let mut stopwatch = Stopwatch::start();
        if let Some(booted) = booted {
            self.take_down(booted).await;
        }
        timings.teardown_ms += stopwatch.lap_ms();
    }

    /// One run, without the end of its machine.
    async fn run(&self, number: u32, log: StdioLog, timings: &mut Timings) -> (Ending, Option<Booted>) {
        let mut booted = match boot(self, number, timings).await {
            Ok(booted) => booted,
            Err(error) => return (self.failed(&error).await, None),
        };
        self.session.set_progress(Progress::Ready(Arc::clone(&booted.run)));
        let clock = tokio::spawn(clock::keep(booted.run.agent.clone(), self.launch.limits.clock));
        let outcome = async {
            wait_for_start(self, &booted.machine).await?;
            supervise(self, &booted, log, timings).await
        };
        let ending = match outcome.await {
            Ok(ending) => ending,
            Err(error) => {
                if matches!(error, LifeError::BootEnded { .. }) {
                    booted.console.complete().await;
                }
                self.failed(&error).await
            }
        };
        clock.abort();
        (ending, Some(booted))
    }

    /// Begins the console's log, empty, so that what is in it belongs to one boot. The descriptor is the machine's.
    pub(super) fn begin_console_log(&self) -> Result<(ConsoleLog, Arc<OwnedFd>), LifeError> {
        let path = self.bundle.boot_log();
        ConsoleLog::begin(&path).map_err(|source| LifeError::File { path, source })
    }

    async fn failed(&self, error: &LifeError) -> Ending {
        let log = self.bundle.boot_log();
        let console = spawn_blocking(move || console::tail(&log)).await.unwrap_or_default();
        tracing::error!(%error, "the container did not come to run");
        Ending::failed(error.to_failure(&console))
    }
}

fn ended_run(number: u32, ending: &Ending) -> EndedRun {
    let span = |(started, finished): (OffsetDateTime, OffsetDateTime)| (finished - started).unsigned_abs();
    EndedRun {
        number,
        exit: ending.exit,
        duration: ending.started.zip(ending.finished).map(span).unwrap_or_default(),
    }
}
