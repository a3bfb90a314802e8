//! What the container's life and the clients' requests share: for as long as the launcher lives, whichever run the container is in.
//!
//! Clients state wishes, the life fulfils them and reports progress. Both are states, not messages: a wish that comes early is
//! found later, and a client that comes late sees how it ended. What belongs to one run only is in [`Run`], which requests get from
//! the progress.

mod names;
mod networks;
mod notice;
mod output;
mod pause;
mod progress;
mod restarts;
mod run;
mod stillness;
mod update;
mod wishes;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use container_agent_api::v1::WindowSize;
use container_model::{RestartPolicy, Signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tonic::Status;

pub(crate) use names::ProcessName;
pub(crate) use notice::{Notice, Notices};
pub(crate) use output::{Chunk, Output};
pub(crate) use progress::{Ending, Progress};
pub(crate) use run::Run;
pub(crate) use stillness::Stillness;
use update::Wanted;
pub(crate) use wishes::{Stop, Wishes};

use crate::stdin::{StdinLease, StdinSlot};

/// One per launcher.
pub(crate) struct Session {
    progress: watch::Sender<Progress>,
    wishes: watch::Sender<Wishes>,
    /// The last run that was followed by another one, once its end is on record.
    ended_run: watch::Sender<Option<Ending>>,
    notice: watch::Sender<Notice>,
    window_size: Mutex<Option<WindowSize>>,
    /// Signal by which the container is asked to end, once its record is read.
    stop_signal: OnceLock<Signal>,
    stop_timeout: OnceLock<Duration>,
    /// Locked while limits change, and while it is read by what they are to be in the next run.
    wanted: tokio::sync::Mutex<Option<Wanted>>,
    restart: watch::Sender<RestartPolicy>,
    pub(crate) output: Output,
    stdin: StdinSlot,
    /// The other end of `stdin`, until the workload of a run has it.
    input: Mutex<Option<mpsc::Receiver<Bytes>>>,
}

/// What came of the wish to start.
pub(crate) enum Started {
    /// The workload runs in this run, or has run.
    Ran(Option<Arc<Run>>),
    /// It never ran, and the container has ended.
    Never,
}

impl Session {
    pub(crate) fn new() -> Self {
        // Open from the beginning: a client may attach before it is known whether the container has standard input.
        let stdin = StdinSlot::default();
        let input = Mutex::new(Some(stdin.open()));
        Self {
            progress: watch::Sender::new(Progress::Booting),
            wishes: watch::Sender::new(Wishes::default()),
            ended_run: watch::Sender::new(None),
            notice: watch::Sender::default(),
            window_size: Mutex::default(),
            stop_signal: OnceLock::new(),
            stop_timeout: OnceLock::new(),
            wanted: tokio::sync::Mutex::default(),
            restart: watch::Sender::default(),
            output: Output::default(),
            stdin,
            input,
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(crate) fn set_progress(&self, progress: Progress) {
        self.progress.send_replace(progress);
    }

    /// Waits until `done` finds what it looks for.
    async fn progress_until<T>(&self, mut done: impl FnMut(&Progress) -> Option<T>) -> Option<T> {
        let mut receiver = self.progress.subscribe();
        let mut found = None;
        // The sender is ours, so the channel cannot close.
        let _ = receiver
            .wait_for(|progress| {
                found = done(progress);
                found.is_some()
            })
            .await;
        found
    }

    /// Waits until the workload runs or has run, or is known never to.
    pub(crate) async fn started(&self) -> Started {
        let mut ended_run = self.ended_run.subscribe();
        tokio::select! {
            biased;
            started = self.started_now() => started,
            // It may have been too quick to be seen running.
            Ok(_) = ended_run.wait_for(|ended| ended.as_ref().is_some_and(Ending::ran)) => Started::Ran(None),
        }
    }

    async fn started_now(&self) -> Started {
        let outcome = self.progress_until(|progress| match progress {
            Progress::Booting | Progress::Ready(_) | Progress::Pausing => None,
            Progress::Running(run) | Progress::Stopping(run) => Some(Started::Ran(Some(Arc::clone(run)))),
            Progress::Ended(ending) | Progress::Recorded(ending) => Some(match ending.ran() {
                true => Started::Ran(None),
                false => Started::Never,
            }),
        });
        outcome.await.unwrap_or(Started::Ran(None))
    }

    /// Waits until the container has ended.
    pub(crate) async fn ended(&self) -> Ending {
        self.progress_until(|progress| progress.ending().cloned())
            .await
            .unwrap_or_default()
    }

    /// Waits until its end is on record.
    pub(crate) async fn recorded(&self) -> Ending {
        let outcome = self.progress_until(|progress| match progress {
            Progress::Recorded(ending) => Some(ending.clone()),
            _ => None,
        });
        outcome.await.unwrap_or_default()
    }

    pub(crate) fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        self.wishes.send_modify(change);
    }

    pub(crate) fn wishes(&self) -> watch::Receiver<Wishes> {
        self.wishes.subscribe()
    }

    /// Says something of the machine to all clients.
    pub(crate) fn set_notice(&self, notice: Notice) {
        self.notice.send_replace(notice);
    }

    /// Why the machine stands still, if it does.
    pub(crate) fn paused_because(&self) -> Option<String> {
        match &*self.notice.borrow() {
            Notice::Paused { reason } => Some(reason.clone()),
            Notice::None | Notice::GoesOn => None,
        }
    }

    /// What is said to a client that comes now.
    pub(crate) fn notices(&self) -> Notices {
        Notices::new(self.notice.subscribe())
    }

    /// Whether the workload is about to be started, for the first time or once more.
    pub(crate) fn is_before_workload(&self) -> bool {
        matches!(
            *self.progress.borrow(),
            Progress::Booting | Progress::Ready(_) | Progress::Pausing
        )
    }

    /// The run whose workload runs, if one does.
    pub(crate) fn running(&self) -> Option<Arc<Run>> {
        self.progress.borrow().running().cloned()
    }

    /// Asks the container to end: `signal` (else its own stop signal) now, SIGKILL after `timeout`.
    pub(crate) fn stop(&self, signal: Option<Signal>, timeout: Duration) {
        let signal = signal
            .or_else(|| self.stop_signal.get().copied())
            .unwrap_or(Signal::TERM);
        self.wish(|wishes| {
            wishes.add_stop(Stop {
                signal,
                kill_at: Instant::now() + timeout,
            })
        });
    }

    /// Notes that the container is asked to end because its host goes down. One that has ended has not ended because of that.
    pub(crate) fn note_end_with_host(&self) {
        let is_over = self.progress.borrow().ending().is_some();
        self.wish(|wishes| wishes.by_host |= !is_over);
    }

    /// Asks the container to end as it wants to be asked, and gives it the time it wants, else `usual`.
    pub(crate) fn stop_as_wanted(&self, usual: Duration) {
        self.stop(None, self.stop_timeout.get().copied().unwrap_or(usual));
    }

    pub(crate) fn set_stop_timeout(&self, timeout: Duration) {
        let _ = self.stop_timeout.set(timeout);
    }

    pub(crate) fn set_stop_signal(&self, signal: Signal) {
        let _ = self.stop_signal.set(signal);
    }

    /// The terminal's size, to be used when the workload starts.
    pub(crate) fn set_window_size(&self, size: WindowSize) {
        *self.window_size.lock().unwrap_or_else(PoisonError::into_inner) = Some(size);
    }

    pub(crate) fn window_size(&self) -> Option<WindowSize> {
        *self.window_size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens standard input for the next run, unless it is open or the container has none: what clients write while no machine is up
    /// waits for the workload.
    pub(crate) fn open_stdin(&self) {
        if self.stdin.is_shut() {
            return;
        }
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if input.is_none() {
            *input = Some(self.stdin.open());
        }
    }

    /// What clients write to standard input, for the workload of one run.
    pub(crate) fn take_input(&self) -> Option<mpsc::Receiver<Bytes>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The container has no standard input: what clients write goes nowhere.
    pub(crate) fn close_stdin(&self) {
        self.stdin.shut();
        drop(self.take_input());
    }

    /// Standard input for one client; `None` when the container has none, or when no process reads what the client that has it writes.
    ///
    /// # Errors
    /// When another client has it.
    pub(crate) fn lease_stdin(&self) -> Result<Option<StdinLease>, Status> {
        match self.stdin.take() {
            Some(lease) => Ok(Some(lease)),
            None if self.stdin.is_in_use() => Err(Status::already_exists(
                "another client is attached to the container's standard input",
            )),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::v1::Failure;
    use time::OffsetDateTime;

    #[test]
    fn only_what_has_not_ended_ends_with_its_host() {
        let session = Session::new();
        session.set_progress(Progress::Ended(Ending::default()));
        session.note_end_with_host();
        assert!(!session.wishes().borrow().by_host);
        session.set_progress(Progress::Booting);
        session.note_end_with_host();
        assert!(session.wishes().borrow().by_host);
    }

    #[tokio::test]
    async fn a_last_run_that_could_not_be_started_is_a_failed_start_although_others_ran() {
        let session = Session::new();
        session.set_progress(Progress::Ended(Ending {
            started: Some(OffsetDateTime::UNIX_EPOCH),
            ..Ending::failed(Failure::default())
        }));
        assert!(matches!(session.started().await, Started::Never));
    }
}
