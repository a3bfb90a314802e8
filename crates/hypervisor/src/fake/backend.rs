//! The backend and its machines.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use container_agent_api::{AGENT_TOKEN_KEY, AgentToken};
use tokio::task::JoinHandle;

use super::connector::FakeConnector;
use super::guest::{Boot, Guest};
use crate::{
    AgentConnector, CreateError, ExitReporter, ExitWatch, GuestArchitecture, Hypervisor, HypervisorInfo, Machine,
    MachineConfig, MachineDriver, MachineError, MachineExit, MachineLimits, SharedDescriptor, Translation,
};

/// Limits like those of QEMU's backend, so that a test meets the same.
const LIMITS: MachineLimits = MachineLimits {
    disk_slots: 250,
    frame_ports: 4,
    memory_bytes: MachineConfig::MINIMUM_MEMORY_BYTES..=u64::MAX,
    vcpu_count: 1..=255,
};

/// Makes machines that are tasks. Clones share the count of machines.
#[derive(Debug, Clone)]
pub struct FakeHypervisor {
    info: HypervisorInfo,
    guest: Guest,
    created: Arc<AtomicUsize>,
}

impl FakeHypervisor {
    /// A backend all of whose machines run `guest`.
    #[must_use]
    pub fn new(guest: Guest) -> Self {
        let info = HypervisorInfo {
            name: "fake".to_owned(),
            accelerator: "none".to_owned(),
            reason: "a test asked for it".to_owned(),
            confinement: "none".to_owned(),
            default_vcpu_count: 1,
            limits: LIMITS,
            architecture: GuestArchitecture::host(),
            translation: Translation::Unavailable,
            nested_virtualization: false,
            boot_hint: None,
        };
        Self {
            info,
            guest,
            created: Arc::default(),
        }
    }

    /// The same with another number of disk slots.
    #[must_use]
    pub fn with_disk_slots(mut self, disk_slots: usize) -> Self {
        self.info.limits.disk_slots = disk_slots;
        self
    }

    /// How many machines were made.
    #[must_use]
    pub fn created_count(&self) -> usize {
        self.created.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Hypervisor for FakeHypervisor {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        PathBuf::from("/dev/null")
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        config.validate(&self.info.limits)?;
        self.created.fetch_add(1, Ordering::Relaxed);
        Ok(Machine::new(FakeMachine::new(self.guest.clone(), config)))
    }
}

/// A machine that is a few tasks. Dropping it ends them.
#[derive(Debug)]
pub struct FakeMachine {
    guest: Guest,
    token: Option<AgentToken>,
    exit: ExitReporter,
    exit_watch: ExitWatch,
    state: Mutex<State>,
}

/// What changes in the life of a machine.
#[derive(Debug)]
struct State {
    console: Option<SharedDescriptor>,
    tasks: Vec<JoinHandle<()>>,
    started_at: Option<tokio::time::Instant>,
    connected: bool,
}

impl FakeMachine {
    fn new(guest: Guest, config: MachineConfig) -> Self {
        let (exit, exit_watch) = ExitWatch::new();
        Self {
            guest,
            token: token(&config.kernel_arguments),
            exit,
            exit_watch,
            state: Mutex::new(State {
                console: Some(config.console),
                tasks: Vec::new(),
                started_at: None,
                connected: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.exit.report(MachineExit::Killed);
        self.state().tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Drop for FakeMachine {
    fn drop(&mut self) {
        // The agent and its stream end with the machine.
        self.end();
    }
}

#[async_trait]
impl MachineDriver for FakeMachine {
    async fn start(&self) -> Result<(), MachineError> {
        let start_error = |source| MachineError::Start {
            program: "fake".to_owned(),
            source,
        };
        let mut state = self.state();
        if state.started_at.is_some() || self.exit_watch.now().is_some() {
            return Err(start_error(std::io::Error::other(
                "the machine has been started or ended before",
            )));
        }
        // Closed at once: this guest says nothing more.
        if let Some(console) = state.console.take() {
            let console = console.duplicate().map_err(start_error)?;
            std::fs::File::from(console)
                .write_all(self.guest.console.as_bytes())
                .map_err(start_error)?;
        }
        state.started_at = Some(tokio::time::Instant::now());
        if let Boot::Die { after, exit } = self.guest.boot.clone() {
            let reporter = self.exit.clone();
            state.tasks.push(tokio::spawn(async move {
                tokio::time::sleep(after).await;
                reporter.report(exit);
            }));
        }
        Ok(())
    }

    fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError> {
        let mut state = self.state();
        let Some(started_at) = state.started_at else {
            return Err(MachineError::NotStarted);
        };
        if std::mem::replace(&mut state.connected, true) {
            return Err(MachineError::StreamTaken);
        }
        Ok(Box::new(FakeConnector {
            guest: self.guest.clone(),
            token: self.token.clone(),
            started_at,
            exit: self.exit.clone(),
            exit_watch: self.exit_watch.clone(),
            refused_count: 0,
        }))
    }

    fn exit(&self) -> ExitWatch {
        self.exit_watch.clone()
    }

    async fn kill(&self) -> Result<(), MachineError> {
        self.end();
        Ok(())
    }
}

/// The token that a guest finds on its kernel command line.
fn token(kernel_arguments: &[String]) -> Option<AgentToken> {
    kernel_arguments
        .iter()
        .filter_map(|argument| argument.strip_prefix(AGENT_TOKEN_KEY)?.strip_prefix('='))
        .find_map(AgentToken::from_hex)
}
