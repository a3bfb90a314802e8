//! What the container's life and the clients' requests share.
//!
//! Clients state wishes, the life fulfils them and reports progress. Both are states, not messages: a wish that comes early is
//! found later, and a client that comes late sees how it ended.

mod names;
mod output;
mod progress;
mod stdin;
mod wishes;

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use container_agent::AgentClient;
use container_agent_api::v1::WindowSize;
use container_model::{ContainerConfig, Signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tonic::Status;

pub(crate) use names::ProcessName;
use names::ProcessNames;
pub(crate) use output::{Chunk, Output};
pub(crate) use progress::{Ending, Progress};
pub(crate) use stdin::{Departure, InputEvent, StdinLease, StdinSlot, pass_on, pump};
pub(crate) use wishes::{Stop, Wishes};

/// The running container as requests see it.
pub(crate) struct Guest {
    pub(crate) agent: AgentClient,
    pub(crate) config: ContainerConfig,
}

/// One per launcher.
pub(crate) struct Session {
    progress: watch::Sender<Progress>,
    wishes: watch::Sender<Wishes>,
    start_recorded: watch::Sender<bool>,
    guest: OnceLock<Guest>,
    window_size: Mutex<Option<WindowSize>>,
    /// Signal by which the container is asked to end.
    stop_signal: OnceLock<Signal>,
    pub(crate) output: Output,
    names: ProcessNames,
    stdin: StdinSlot,
    /// The other end of `stdin`, until the workload has it.
    input: Mutex<Option<mpsc::Receiver<Bytes>>>,
}

impl Session {
    pub(crate) fn new() -> Self {
        // Open from the beginning: a client may attach before it is known whether the container has standard input.
        let stdin = StdinSlot::default();
        let input = Mutex::new(Some(stdin.open()));
        Self {
            progress: watch::Sender::new(Progress::Booting),
            wishes: watch::Sender::new(Wishes::default()),
            start_recorded: watch::Sender::new(false),
            guest: OnceLock::new(),
            window_size: Mutex::default(),
            stop_signal: OnceLock::new(),
            output: Output::default(),
            names: ProcessNames::default(),
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

    /// Waits until the workload runs, or is known never to: then the ending.
    pub(crate) async fn running_or_ending(&self) -> Option<Ending> {
        let outcome = self.progress_until(|progress| match progress {
            Progress::Booting | Progress::Ready => None,
            Progress::Running | Progress::Stopping => Some(None),
            Progress::Ended(ending) | Progress::Recorded(ending) => Some((!ending.ran()).then(|| ending.clone())),
        });
        outcome.await.flatten()
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

    pub(crate) fn set_start_recorded(&self) {
        self.start_recorded.send_replace(true);
    }

    /// Waits until it is on record that the workload runs, or that it has ended.
    pub(crate) async fn start_recorded(&self) {
        let mut receiver = self.start_recorded.subscribe();
        tokio::select! {
            // The sender is ours, so the channel cannot close.
            _ = receiver.wait_for(|recorded| *recorded) => {}
            _ = self.recorded() => {}
        }
    }

    pub(crate) fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        self.wishes.send_modify(change);
    }

    pub(crate) fn wishes(&self) -> watch::Receiver<Wishes> {
        self.wishes.subscribe()
    }

    /// The guest, once its container stands.
    pub(crate) fn guest(&self) -> Option<&Guest> {
        self.guest.get()
    }

    pub(crate) fn set_guest(&self, guest: Guest) {
        // There is one boot to succeed in a launcher's life.
        let _ = self.guest.set(guest);
    }

    /// Reserves the id of a process for as long as the value lives; `None` while another process has it.
    pub(crate) fn name_process(&self, process_id: &str) -> Option<ProcessName> {
        self.names.take(process_id)
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

    /// What clients write to standard input, for the workload; once.
    pub(crate) fn take_input(&self) -> Option<mpsc::Receiver<Bytes>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The container has no standard input: what clients write goes nowhere.
    pub(crate) fn close_stdin(&self) {
        drop(self.take_input());
        self.stdin.shut();
    }

    /// Standard input for one client; nothing when the workload has none, or no longer.
    ///
    /// # Errors
    /// When another client has it.
    pub(crate) fn lease_stdin(&self) -> Result<Option<StdinLease>, Status> {
        match self.stdin.take() {
            Some(lease) => Ok(Some(lease)),
            None if self.stdin.is_leased() => Err(Status::already_exists(
                "another client is attached to the container's standard input",
            )),
            None => Ok(None),
        }
    }
}
