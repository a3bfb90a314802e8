//! How far the container's life is.

use std::sync::Arc;

use container_model::{ExitStatus, Phase};
use time::OffsetDateTime;

use super::run::Run;
use crate::control::v1;

/// How far the container's life is. A run goes through the first four in this order, and another run may follow it; the last two are
/// said once.
#[derive(Clone)]
pub(crate) enum Progress {
    /// A machine is on its way up.
    Booting,
    /// Machine and file systems stand, and no client has asked for the workload yet.
    Ready(Arc<Run>),
    /// The workload runs.
    Running(Arc<Run>),
    /// It runs, but was asked to end.
    Stopping(Arc<Run>),
    /// A run has ended, and another one is about to begin.
    Pausing,
    /// The last run has ended; its machine goes down and the record is written.
    Ended(Ending),
    /// The record says so.
    Recorded(Ending),
}

/// How a run ended. That of the last run is the container's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    /// When the workload was last started, if it ever was.
    pub(crate) started: Option<OffsetDateTime>,
    /// When it ended.
    pub(crate) finished: Option<OffsetDateTime>,
    /// How it ended.
    pub(crate) exit: Option<ExitStatus>,
    /// Why it never ran.
    pub(crate) failure: Option<v1::Failure>,
    /// Why it ended, when it was not the workload's own doing.
    pub(crate) reason: Option<String>,
    /// What clients at its output should know besides.
    pub(crate) notice: Option<String>,
}

impl Ending {
    /// The end of a run whose workload never came to run.
    pub(crate) fn failed(failure: v1::Failure) -> Self {
        let reason = failure.message.lines().next().map(str::to_owned);
        Self {
            failure: Some(failure),
            finished: Some(OffsetDateTime::now_utc()),
            reason,
            ..Self::default()
        }
    }

    /// Whether the workload came to run.
    pub(crate) fn ran(&self) -> bool {
        self.failure.is_none()
    }

    /// The phase to record.
    pub(crate) fn phase(&self) -> Phase {
        Phase::Stopped {
            started: self.started,
            finished: self.finished,
            exit: self.exit,
            reason: self.reason.clone(),
        }
    }

    /// The exit status in the protocol's words.
    pub(crate) fn exit_status(&self) -> Option<v1::ExitStatus> {
        self.exit.map(|exit| v1::ExitStatus {
            exit_code: exit.exit_code.into(),
            signal: exit.signal.unwrap_or_default().into(),
            oom_killed: exit.oom_killed,
        })
    }

    /// The failure to report to a client that asked for the start.
    pub(crate) fn to_failure(&self) -> v1::Failure {
        self.failure.clone().unwrap_or_else(|| v1::Failure {
            kind: v1::FailureKind::Launch.into(),
            message: self
                .reason
                .clone()
                .unwrap_or_else(|| "the container has ended".to_owned()),
            hint: String::new(),
        })
    }
}

impl Progress {
    /// The run that has a guest.
    pub(crate) fn run(&self) -> Option<&Arc<Run>> {
        match self {
            Self::Ready(run) | Self::Running(run) | Self::Stopping(run) => Some(run),
            _ => None,
        }
    }

    /// The run whose workload runs.
    pub(crate) fn running(&self) -> Option<&Arc<Run>> {
        self.run().filter(|_| !matches!(self, Self::Ready(_)))
    }

    /// How the container ended, once it has.
    pub(crate) fn ending(&self) -> Option<&Ending> {
        match self {
            Self::Ended(ending) | Self::Recorded(ending) => Some(ending),
            _ => None,
        }
    }

    /// The protocol's word for it. What has ended is on its way out.
    pub(crate) fn phase(&self) -> v1::Phase {
        match self {
            Self::Booting | Self::Pausing => v1::Phase::Booting,
            Self::Ready(_) => v1::Phase::Ready,
            Self::Running(_) => v1::Phase::Running,
            Self::Stopping(_) | Self::Ended(_) | Self::Recorded(_) => v1::Phase::Stopping,
        }
    }
}
