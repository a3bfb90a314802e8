//! What a launcher needs to know.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use container_hypervisor::{CreateError, MachineExit, MachineSource};
use container_model::{ContainerId, ExitStatus, RestartPolicy};
use container_state::AppPaths;
use container_templates::TemplateStore;

/// Variable that bounds the boot, milliseconds.
const BOOT_TIMEOUT_VARIABLE: &str = "CONTAINER_BOOT_TIMEOUT_MS";

/// Chooses where the machines of a launcher come from. Asked inside the launcher, so that its failure is answered like any other.
#[async_trait]
pub trait MachineChooser: Send + Sync {
    /// Where the machine of the run that begins now comes from.
    ///
    /// # Errors
    /// [`CreateError`] when this host has no hypervisor, or its program is missing.
    async fn choose(&self) -> Result<Box<dyn MachineSource>, CreateError>;

    /// Whether containers continue from templates.
    ///
    /// # Errors
    /// [`CreateError::Setting`] when what the user says means nothing.
    fn templates(&self) -> Result<TemplateUse, CreateError>;

    /// Another source to try once, after the machine from the chosen one ended like `exit` before its agent had answered. `None` when
    /// another try is pointless.
    async fn after(&self, exit: &MachineExit) -> Option<Box<dyn MachineSource>>;
}

/// One launcher's task.
pub struct Launch {
    /// Where everything lies.
    pub paths: AppPaths,
    /// The container to run.
    pub id: ContainerId,
    /// The first control connection, that of the process which started the launcher.
    pub control: Option<UnixStream>,
    /// Where its machines come from.
    pub machines: Box<dyn MachineChooser>,
    /// What follows a run that has ended.
    pub policy: Box<dyn RunPolicy>,
    /// How long things may take.
    pub limits: Limits,
    /// The socket of the SSH agent, absolute, that a container gets which was asked to have one.
    pub ssh_agent: Option<PathBuf>,
}

/// Whether a launcher uses templates, and where they are.
#[derive(Debug, Clone)]
pub enum TemplateUse {
    /// Every machine boots.
    Off,
    /// A container continues from a template where there is one; what is missing is built when nobody waits for it.
    On(TemplateStore),
    /// A container waits until its template is built, and continues from it: for tests.
    Forced(TemplateStore),
}

impl TemplateUse {
    /// The templates, if they are used.
    pub(crate) fn store(&self) -> Option<&TemplateStore> {
        match self {
            Self::Off => None,
            Self::On(store) | Self::Forced(store) => Some(store),
        }
    }

    pub(crate) fn is_forced(&self) -> bool {
        matches!(self, Self::Forced(_))
    }
}

/// Decides what follows a run of the container that has ended. A wish to stop the container is obeyed without asking.
pub trait RunPolicy: Send + Sync {
    /// What comes next. It is asked once for each run, and once more when the record says something else of restarts before the next one has begun.
    fn after(&self, run: &EndedRun) -> NextRun;
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct EndedRun {
    /// Which run of this launcher it was, from 1.
    pub number: u32,
    /// How the workload ended; `None` when it never came to run.
    pub exit: Option<ExitStatus>,
    /// How long it was waited for.
    pub pause_before: Duration,
    /// How long the workload ran.
    pub duration: Duration,
    /// What the container's record says of its restarts at the moment.
    pub restart: RestartPolicy,
}

/// What follows a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextRun {
    /// Nothing: the container has ended.
    None,
    /// Another run.
    After {
        /// From the end of the machine to the next boot.
        pause: Duration,
    },
}

/// Bounds of every wait that depends on the guest or a client.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the machine's start to the agent's answer.
    pub boot: Duration,
    /// From the first signal to SIGKILL when the client that a container or a further process belonged to vanished, or the launcher
    /// itself was told to end.
    pub stop: Duration,
    /// From SIGKILL to switching the machine off.
    pub kill: Duration,
    /// For flushing and unmounting the file systems.
    pub shutdown: Duration,
    /// For flushing and unmounting when there are volumes that outlive the container: what is still in the guest's memory has to reach the
    /// disk.
    pub volume_flush: Duration,
    /// For the starter of a launcher whose start failed to ask why, and for clients to read their last answers when the launcher was told
    /// to end.
    pub farewell: Duration,
    /// Between two looks at the guest's clock; it is looked at sooner when the host's was set or stood still.
    pub clock: Duration,
    /// From the moment when the machine stood still for want of room on the host to the first look for room; later looks are less frequent.
    pub room: Duration,
    /// For a client that is still there to read the output that was left at the container's end, as a pager does page by page.
    pub reading: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            boot: Duration::from_secs(60),
            stop: Duration::from_secs(5),
            kill: Duration::from_secs(5),
            shutdown: Duration::from_secs(5),
            volume_flush: Duration::from_secs(60),
            farewell: Duration::from_secs(2),
            clock: Duration::from_secs(10 * 60),
            room: Duration::from_secs(1),
            reading: Duration::from_secs(60 * 60),
        }
    }
}

impl Limits {
    /// The defaults, with the boot bounded by `CONTAINER_BOOT_TIMEOUT_MS` where that is a number.
    #[must_use]
    pub fn from_environment() -> Self {
        let limits = Self::default();
        let boot_ms = std::env::var(BOOT_TIMEOUT_VARIABLE)
            .ok()
            .and_then(|text| text.parse().ok());
        Self {
            boot: boot_ms.map_or(limits.boot, Duration::from_millis),
            ..limits
        }
    }
}
