//! Signals of clients to the processes of the container.

use std::time::Duration;

use container_model::Signal;
use tokio::time::Instant;
use tonic::Status;

use super::running::running;
use crate::control::v1::SignalRequest;
use crate::plan::INIT_PROCESS_ID;
use crate::session::{Session, Stop};

/// Longest time that `stop` waits before SIGKILL: a year, which stands for "for ever" and cannot overflow.
pub(super) const STOP_TIMEOUT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Sends a signal. One that is to end the workload ends the container as well: no other run follows, and one that has not begun does not.
pub(super) async fn send(session: &Session, request: SignalRequest) -> Result<(), Status> {
    let SignalRequest { process_id, signal } = request;
    let signal = Signal::from_number(signal).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let process_id = if process_id.is_empty() {
        INIT_PROCESS_ID
    } else {
        &process_id
    };
    let is_end = process_id == INIT_PROCESS_ID && session.is_ending(signal) && session.progress().ending().is_none();
    if is_end && (signal == Signal::KILL || session.is_between_runs()) {
        // This must work with a guest that does not cooperate: in the end its machine is switched off.
        let timeout = match signal {
            Signal::KILL => Duration::ZERO,
            _ => STOP_TIMEOUT_MAX,
        };
        session.wish(|wishes| {
            wishes.by_user = true;
            wishes.add_stop(Stop {
                signal,
                kill_at: Instant::now() + timeout,
            });
        });
        return Ok(());
    }
    let run = running(session)?;
    if is_end {
        session.wish(|wishes| (wishes.by_user, wishes.last_run) = (true, true));
    }
    let is_over = || session.running().is_none_or(|now| now.number != run.number);
    match run.agent.signal(process_id, signal.number()).await {
        Ok(()) => {
            if process_id == INIT_PROCESS_ID {
                run.tell_kill(signal);
            }
            Ok(())
        }
        // What was to end has ended.
        Err(_) if is_end && is_over() => Ok(()),
        Err(error) => Err(Status::aborted(error.to_string())),
    }
}
