//! How far the container's life is.

use container_model::{ExitStatus, Phase};
use time::OffsetDateTime;

use crate::control::v1;

/// How far the container's life is, in this order.
#[derive(Debug, Clone)]
pub(crate) enum Progress {
    /// The machine is on its way up.
    Booting,
    /// Machine and file systems stand, nobody has asked for the workload yet.
    Ready,
    /// The workload runs.
    Running,
    /// It runs, but was asked to end.
    Stopping,
    /// It has ended; the machine goes down and the record is written.
    Ended(Ending),
    /// The record says so.
    Recorded(Ending),
}

/// How a container's life ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    /// When the workload was started, if it ever was.
    pub(crate) started: Option<OffsetDateTime>,
    /// When it ended.
    pub(crate) finished: Option<OffsetDateTime>,
    /// How it ended.
    pub(crate) exit: Option<ExitStatus>,
    /// Why it never ran.
    pub(crate) failure: Option<v1::Failure>,
    /// Why it ended, when it was not the workload's own doing.
    pub(crate) reason: Option<String>,
}

impl Ending {
    /// The end of a container whose workload never came to run.
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
        self.started.is_some()
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

    /// The failure to report to whoever asked for the start.
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
    pub(crate) fn ending(&self) -> Option<&Ending> {
        match self {
            Self::Ended(ending) | Self::Recorded(ending) => Some(ending),
            _ => None,
        }
    }

    /// The protocol's word for it. What has ended is on its way out.
    pub(crate) fn phase(&self) -> v1::Phase {
        match self {
            Self::Booting => v1::Phase::Booting,
            Self::Ready => v1::Phase::Ready,
            Self::Running => v1::Phase::Running,
            Self::Stopping | Self::Ended(_) | Self::Recorded(_) => v1::Phase::Stopping,
        }
    }
}
