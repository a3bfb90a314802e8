//! The backend and its machines.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use container_agent_api::{AGENT_TOKEN_KEY, AgentToken};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connector::FakeConnector;
use super::guest::{Boot, Guest};
use crate::{
    AgentConnector, CreateError, Hypervisor, HypervisorInfo, Machine, MachineConfig, MachineError, MachineExit,
};

/// As many disks as QEMU's backend offers, so that a test meets the same limit.
const DISK_SLOTS: usize = 250;

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
            disk_slots: DISK_SLOTS,
            architecture: "amd64".to_owned(),
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
        self.info.disk_slots = disk_slots;
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

    async fn create(&self, config: MachineConfig) -> Result<Box<dyn Machine>, CreateError> {
        config.validate(self.info.disk_slots)?;
        self.created.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(FakeMachine::new(self.guest.clone(), config)))
    }
}

/// A machine that is a few tasks. Dropping it ends them.
#[derive(Debug)]
pub struct FakeMachine {
    guest: Guest,
    console: Option<Arc<OwnedFd>>,
    token: Option<AgentToken>,
    exit: watch::Sender<Option<MachineExit>>,
    tasks: Vec<JoinHandle<()>>,
    started_at: Option<tokio::time::Instant>,
    connected: bool,
}

impl FakeMachine {
    fn new(guest: Guest, config: MachineConfig) -> Self {
        let exit = watch::Sender::new(None);
        Self {
            guest,
            console: Some(config.console),
            token: token(&config.kernel_arguments),
            exit,
            tasks: Vec::new(),
            started_at: None,
            connected: false,
        }
    }

    fn end_after(&mut self, after: Duration, exit: MachineExit) {
        let sender = self.exit.clone();
        self.tasks.push(tokio::spawn(async move {
            tokio::time::sleep(after).await;
            end(&sender, exit);
        }));
    }
}

/// Records how the machine ended, unless it has already.
pub(super) fn end(sender: &watch::Sender<Option<MachineExit>>, exit: MachineExit) {
    sender.send_if_modified(|current| {
        let first = current.is_none();
        if first {
            *current = Some(exit);
        }
        first
    });
}

impl Drop for FakeMachine {
    fn drop(&mut self) {
        // The agent and its stream end with the machine.
        end(&self.exit, MachineExit::Killed);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Machine for FakeMachine {
    async fn start(&mut self) -> Result<(), MachineError> {
        let start_error = |source| MachineError::Start {
            program: "fake".to_owned(),
            source,
        };
        // Closed at once: this guest says nothing more.
        if let Some(console) = self.console.take() {
            let console = console.try_clone().map_err(start_error)?;
            std::fs::File::from(console)
                .write_all(self.guest.console.as_bytes())
                .map_err(start_error)?;
        }
        self.started_at = Some(tokio::time::Instant::now());
        if let Boot::Die { after, exit } = self.guest.boot.clone() {
            self.end_after(after, exit);
        }
        Ok(())
    }

    fn agent_connector(&mut self) -> Result<Box<dyn AgentConnector>, MachineError> {
        let Some(started_at) = self.started_at else {
            return Err(MachineError::NotStarted);
        };
        if std::mem::replace(&mut self.connected, true) {
            return Err(MachineError::StreamTaken);
        }
        Ok(Box::new(FakeConnector {
            guest: self.guest.clone(),
            token: self.token.clone(),
            started_at,
            exit: self.exit.clone(),
            refused_count: 0,
        }))
    }

    async fn wait(&mut self) -> MachineExit {
        let mut ended = self.exit.subscribe();
        // The sender is ours, so the channel cannot close.
        match ended.wait_for(Option::is_some).await.map(|exit| exit.clone()) {
            Ok(Some(exit)) => exit,
            _ => MachineExit::Killed,
        }
    }

    async fn kill(&mut self) -> Result<(), MachineError> {
        end(&self.exit, MachineExit::Killed);
        self.tasks.drain(..).for_each(|task| task.abort());
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
