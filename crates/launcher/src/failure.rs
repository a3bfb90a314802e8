//! Why a container did not come to run, and how to say it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use container_agent::{AgentError, RunError};
use container_hypervisor::{ConnectError as AgentConnectError, CreateError, MachineError, MachineExit};
use container_model::ContainerId;
use container_network::AttachError;
use container_state::{LoadError, OwnError, PathsError};

use crate::control::start_failure;
use crate::control::v1::{Failure, FailureKind};
use crate::networks::ConnectError;
use crate::plan::{MachinePlanError, MountPlanError, ProcessPlanError};
use crate::sockets::PublishError;
use crate::volumes::VolumesError;

/// Why a container did not come to run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LifeError {
    #[error(transparent)]
    Paths(#[from] PathsError),
    #[error(transparent)]
    Own(#[from] OwnError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(
        "cannot start container {id}: its phase is {phase:?}, which this version does not know: use a newer `container`"
    )]
    UnknownPhase { id: ContainerId, phase: String },
    #[error("cannot open {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Volumes(#[from] VolumesError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    MachinePlan(#[from] MachinePlanError),
    #[error(transparent)]
    MountPlan(#[from] MountPlanError),
    #[error(transparent)]
    ProcessPlan(#[from] ProcessPlanError),
    #[error("cannot use a hypervisor: {0}")]
    Hypervisor(CreateError),
    #[error("cannot make the virtual machine: {0}")]
    Create(CreateError),
    #[error("cannot start the virtual machine: {0}")]
    Machine(#[from] MachineError),
    #[error("cannot make the lines of the container's networks: {0}")]
    Lines(io::Error),
    #[error("cannot make the connection with the file server: {0}")]
    ShareChanges(io::Error),
    #[error("{0}")]
    Networks(ConnectError),
    #[error("cannot draw the machine's token: {0}")]
    Token(getrandom::Error),
    #[error("the virtual machine did not come up within {:.1} s{}", after.as_secs_f64(), refusal_text(refusal.as_ref()))]
    BootTimeout {
        after: Duration,
        /// What the last attempt to reach the agent met, when none succeeded.
        refusal: Option<AgentConnectError>,
        /// What may help, as the backend knows it.
        hint: Option<String>,
    },
    #[error("the virtual machine did not come up: {0}")]
    Connect(AgentConnectError),
    #[error("the virtual machine ended before its agent was ready: {}", exit_text(exit))]
    BootEnded { exit: MachineExit },
    #[error("the virtual machine did not come up: {0}")]
    Agent(#[from] AgentError),
    #[error("the guest could not set up the container: {}", refusal(_0))]
    SetUp(AgentError),
    #[error("the guest could not start the container's program: {}", refusal(_0))]
    Run(AgentError),
    #[error("the container cannot be started: {reason}")]
    NoRoom {
        /// What the host lacks.
        reason: String,
    },
    #[error("the container was stopped before its workload was started")]
    Stopped,
    #[error("{}", failure.message)]
    NotStarted { failure: Failure },
    #[error("the launcher was interrupted")]
    Interrupted,
}

fn refusal_text(refusal: Option<&AgentConnectError>) -> String {
    refusal.map_or_else(String::new, |refusal| format!(": {refusal}"))
}

/// How a machine ended, in words.
pub(crate) fn exit_text(exit: &MachineExit) -> &str {
    match exit {
        MachineExit::PowerOff => "the guest powered itself off",
        MachineExit::Killed => "it was switched off",
        MachineExit::Failed { reason } => reason,
    }
}

/// Why the agent did not do something: what it says itself, else what became of the call.
fn refusal(error: &AgentError) -> String {
    match error {
        AgentError::Refused { message, .. } if !message.is_empty() => message.clone(),
        other => other.to_string(),
    }
}

impl From<RunError> for LifeError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::NotStarted { reason, message } => Self::NotStarted {
                failure: start_failure(reason, message),
            },
            RunError::Agent(error) => Self::Run(error),
        }
    }
}

impl LifeError {
    /// A failure to speak to the agent of a machine that had come up, while the container was set up.
    pub(crate) fn while_setting_up(self) -> Self {
        match self {
            Self::Agent(error) => Self::SetUp(error),
            other => other,
        }
    }

    /// The same with what may help against it, if it is that the machine did not come up in time.
    pub(crate) fn with_boot_hint(self, known: Option<&str>) -> Self {
        match self {
            Self::BootTimeout { after, refusal, .. } => Self::BootTimeout {
                after,
                refusal,
                hint: known.map(str::to_owned),
            },
            other => other,
        }
    }

    /// Whether a machine that boots may come up where one that continued from a template did not.
    pub(crate) fn may_boot_instead(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Machine(_)
                | Self::BootTimeout { .. }
                | Self::Connect(_)
                | Self::BootEnded { .. }
                | Self::Agent(_)
                | Self::SetUp(_)
        )
    }

    /// In the control protocol's words, with the last lines of the guest's console where the guest is to blame.
    pub(crate) fn to_failure(&self, console: &[String]) -> Failure {
        if let Self::NotStarted { failure } = self {
            return failure.clone();
        }
        let mut message = self.to_string();
        let guest_failed = matches!(
            self,
            Self::BootTimeout { .. }
                | Self::BootEnded { .. }
                | Self::Connect(_)
                | Self::Agent(_)
                | Self::SetUp(_)
                | Self::Run(_)
        );
        if guest_failed && console.is_empty() {
            message.push_str("\nthe guest's console shows nothing");
        } else if guest_failed {
            message.push_str("\nlast lines of the guest's console:");
            for line in console {
                message.push_str("\n  ");
                message.push_str(line);
            }
        }
        Failure {
            kind: FailureKind::Launch.into(),
            message,
            hint: self.hint(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Own(OwnError::Taken { id }) => format!("container stop {id}"),
            Self::BootTimeout { hint, .. } => {
                let patience = "on a slow host, CONTAINER_BOOT_TIMEOUT_MS allows more time";
                hint.as_ref()
                    .map_or_else(|| patience.to_owned(), |hint| format!("{patience}; {hint}"))
            }
            Self::Volumes(error) => error.hint(),
            Self::NoRoom { .. } => "free some space and start it again".to_owned(),
            Self::Hypervisor(error) | Self::Create(error) => error.hint().unwrap_or_default().to_owned(),
            Self::Networks(ConnectError::Attach(AttachError::Refused { refusal, .. })) => refusal.hint.clone(),
            _ => String::new(),
        }
    }
}
