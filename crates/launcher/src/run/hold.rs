//! The machine of a build, which has no workload: it is there for steps until its build does not want it any more.

use container_model::ExitStatus;
use time::OffsetDateTime;

use super::booted::Booted;
use super::context::RunContext;
use super::supervise::{announce_start, killed, unexpected};
use crate::session::Ending;
use crate::timings::{Stopwatch, Timings};

/// Stays with the machine until a client wants its end, however it is asked for, or the machine ends. Whatever runs in it then is of no use to anybody.
pub(super) async fn hold(context: &RunContext<'_>, booted: &Booted, timings: &mut Timings) -> Ending {
    let mut stopwatch = Stopwatch::start();
    let started = OffsetDateTime::now_utc();
    announce_start(context, &booted.run, started);
    let mut wishes = context.session.wishes();
    let (exit, reason) = tokio::select! {
        exit = booted.machine.wait() => (killed(), Some(unexpected(&exit))),
        _ = wishes.wait_for(|wishes| wishes.stop.is_some()) => (ended(), None),
    };
    timings.run_ms += stopwatch.lap_ms();
    Ending {
        started: Some(started),
        finished: Some(OffsetDateTime::now_utc()),
        exit: Some(exit),
        failure: None,
        reason,
        notice: None,
    }
}

fn ended() -> ExitStatus {
    ExitStatus {
        exit_code: 0,
        signal: None,
        oom_killed: false,
    }
}
