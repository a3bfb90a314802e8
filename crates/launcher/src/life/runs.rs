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
    /// Runs the container until the policy has it end, or a client wants it to. Returns how the container ended, once its last machine
    /// is gone. The timings are those of the last run afterwards; those of the runs before it are published.
    pub(super) async fn runs(&self, log: &StdioLog, timings: &mut Timings) -> Ending {
        let mut before = None;
        let mut number = 1;
        loop {
            let (ending, booted) = self.run(number, log.clone(), timings).await;
            let next = self.next_run(number, &ending);
            let ending = self.following(before, ending);
            let pause = match next {
                // Clients hear of the end while the machine goes down; their streams end once it is on record.
                NextRun::None if booted.is_some() => {
                    self.announce_end(&ending);
                    None
                }
                NextRun::None => None,
                NextRun::After { pause } => {
                    self.announce_pause();
                    Some(pause)
                }
            };
            let mut stopwatch = Stopwatch::start();
            if let Some(booted) = booted {
                let is_disk_needed = !self.config.options.auto_remove || pause.is_some();
                self.take_down(booted, is_disk_needed).await;
            }
            timings.teardown_ms += stopwatch.lap_ms();
            let Some(pause) = pause else { return ending };
            if self.is_ended_within(pause).await {
                self.announce_end(&ending);
                return ending;
            }
            number += 1;
            std::mem::replace(timings, Timings::new(self.config.id.as_str(), number))
                .publish(self.timings_file().as_deref());
            before = Some(ending);
            self.session.set_progress(Progress::Booting);
        }
    }

    /// What follows a run. A wish to end the container is obeyed without asking.
    fn next_run(&self, number: u32, ending: &Ending) -> NextRun {
        match self.session.wishes().borrow().ends_boot() {
            true => NextRun::None,
            false => self.launch.policy.after(&ended_run(number, ending)),
        }
    }

    /// How the container has ended if its last run ended like `ending` and the one before it like `before`.
    fn following(&self, before: Option<Ending>, ending: Ending) -> Ending {
        match before {
            // A run that was given up before it had a workload adds nothing.
            Some(before) if !ending.ran() && self.session.wishes().borrow().ends_boot() => before,
            // The record tells the last start that there was.
            Some(before) if !ending.ran() => Ending {
                started: before.started,
                ..ending
            },
            _ => ending,
        }
    }

    fn announce_end(&self, ending: &Ending) {
        self.session.set_progress(Progress::Ended(ending.clone()));
        self.session.output.close();
    }

    fn announce_pause(&self) {
        self.session.set_progress(Progress::Pausing);
        self.session.open_stdin();
        drop(self.recorder.phase(Phase::Starting));
    }

    /// Whether a client wants the container to end while the next run is waited for.
    async fn is_ended_within(&self, pause: Duration) -> bool {
        let mut wishes = self.session.wishes();
        // A wish that is there already counts, however short the pause.
        let wanted = wishes.wait_for(Wishes::ends_boot);
        tokio::time::timeout(pause, wanted).await.is_ok()
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
