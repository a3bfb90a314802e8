//! The life of one machine: its start, what the framework tells of it, and its end.
//!
//! Whatever ends a machine, it is stopped, its objects are released on their queue, and then the end is reported: who waits for it may at
//! once start another machine with the same disks, which the framework locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use container_hypervisor::{ExitReporter, ExitWatch, MachineExit};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::delegate::Notice;
use crate::failure::VzFailure;
use crate::objects::{MachineObjects, Stop};
use crate::queue::VmQueue;

/// How long a machine may take to stop before its objects are released all the same, which ends it too.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two looks at a machine that is busy with something else.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Before a second attempt to start where too many machines run: the system counts one that has just ended for a moment longer.
const LIMIT_PAUSE: Duration = Duration::from_secs(1);

/// Network interfaces may be disconnected so often: a boot or a reset of the guest does it as well.
const DISCONNECTIONS_MAX: u32 = 8;

/// What the tasks and handles of one machine share.
pub(crate) struct Life {
    pub(crate) queue: VmQueue<MachineObjects>,
    pub(crate) exit: ExitWatch,
    reporter: ExitReporter,
    started: AtomicBool,
    /// Whether somebody wants it to end.
    unwanted: AtomicBool,
}

impl Life {
    pub(crate) fn new(queue: VmQueue<MachineObjects>) -> Self {
        let (reporter, exit) = ExitWatch::new();
        Self {
            queue,
            exit,
            reporter,
            started: AtomicBool::new(false),
            unwanted: AtomicBool::new(false),
        }
    }

    /// Whether it has ever run.
    pub(crate) fn has_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Notes that it runs.
    pub(crate) fn set_started(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// Starts the machine; where there are too many, once more.
    pub(crate) async fn start(&self) -> Result<(), VzFailure> {
        let mut outcome = self.start_once().await;
        if outcome.as_ref().is_err_and(VzFailure::is_machine_limit) {
            tokio::time::sleep(LIMIT_PAUSE).await;
            outcome = self.start_once().await.map_err(|mut failure| {
                if failure.is_machine_limit() {
                    failure.text = format!("this Mac runs as many virtual machines as it can: {}", failure.text);
                }
                failure
            });
        }
        match outcome {
            Ok(()) => self.set_started(),
            Err(ref failure) => {
                self.queue.post(release);
                self.report(MachineExit::Failed {
                    reason: failure.of_start().to_string(),
                });
            }
        }
        outcome
    }

    async fn start_once(&self) -> Result<(), VzFailure> {
        self.queue.run(|objects| objects.start()).await??.finished().await
    }

    /// Ends the machine because somebody wants it.
    pub(crate) async fn kill(&self) {
        self.unwanted.store(true, Ordering::Release);
        self.end().await;
        self.report(MachineExit::Killed);
    }

    /// Stops the machine if it runs, and releases its objects.
    async fn end(&self) {
        let deadline = Instant::now() + STOP_TIMEOUT;
        if tokio::time::timeout_at(deadline, self.stop()).await.is_err() {
            tracing::warn!(
                "the machine did not stop in {} s and is released as it is",
                STOP_TIMEOUT.as_secs()
            );
        }
        // As bounded as the rest: the queue itself may be what hangs.
        self.queue.post(release);
        let released = self.queue.run(|_| ());
        let _ = tokio::time::timeout_at(deadline + BUSY_PAUSE, released).await;
    }

    /// Until nothing runs. A stop that is refused is tried again: the machine may have come to its end by itself meanwhile.
    async fn stop(&self) {
        loop {
            match self.queue.run(|objects| objects.stop()).await {
                Ok(Stop::Over) => return,
                Ok(Stop::Busy) => {}
                Ok(Stop::Begun(completion)) => match completion.finished().await {
                    Ok(()) => return,
                    Err(failure) => tracing::debug!(%failure, "the machine does not stop"),
                },
                Err(failure) => tracing::debug!(%failure, "the machine cannot be stopped"),
            }
            tokio::time::sleep(BUSY_PAUSE).await;
        }
    }

    /// Follows what the framework tells until the machine has ended.
    pub(crate) async fn follow(self: Arc<Self>, mut notices: mpsc::UnboundedReceiver<Notice>) {
        let mut disconnections = 0;
        let exit = loop {
            let notice = tokio::select! {
                biased;
                notice = notices.recv() => notice,
                _ = self.exit.ended() => None,
            };
            match notice {
                // Ended otherwise, which has released everything.
                None => return,
                Some(Notice::Stopped) => break MachineExit::PowerOff,
                Some(Notice::Failed(failure)) => {
                    break MachineExit::Failed {
                        reason: failure.to_string(),
                    };
                }
                Some(Notice::Panicked(line)) => break MachineExit::Failed { reason: line },
                Some(Notice::Disconnected(failure)) if disconnections < DISCONNECTIONS_MAX => {
                    disconnections += 1;
                    tracing::warn!(%failure, "a network interface was disconnected and is connected again");
                    self.queue.post(|objects| objects.reconnect());
                }
                Some(Notice::Disconnected(failure)) => {
                    break MachineExit::Failed {
                        reason: format!("its network interface cannot be connected: {failure}"),
                    };
                }
            }
        };
        self.end().await;
        self.report(exit);
    }

    /// The first report counts, and one that was asked for counts as asked for.
    fn report(&self, exit: MachineExit) {
        let is_unwanted = self.unwanted.load(Ordering::Acquire);
        self.reporter
            .report(if is_unwanted { MachineExit::Killed } else { exit });
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // Whoever held the machine is gone, and the queue's owner ends it.
        self.reporter.report(MachineExit::Killed);
    }
}

/// Releases everything that the queue owns.
fn release(objects: &mut MachineObjects) {
    *objects = MachineObjects::default();
}
