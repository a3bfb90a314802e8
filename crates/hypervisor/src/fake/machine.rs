//! Its machines.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use container_agent_api::{AGENT_TOKEN_KEY, AgentToken};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connector::FakeConnector;
use super::guest::{Boot, Guest};
use super::template::{self, AgentMemory};
use crate::{
    AgentConnector, ExitReporter, ExitWatch, GuestMemory, MachineConfig, MachineDriver, MachineError, MachineExit,
    SharedDescriptor, StallWatch, capability,
};

/// A machine that is a few tasks. Dropping it ends them.
#[derive(Debug)]
pub struct FakeMachine {
    guest: Guest,
    pub(super) memory: GuestMemory,
    pub(super) agent: AgentMemory,
    pub(super) paused: watch::Sender<bool>,
    restore_refusal: Option<String>,
    exit: ExitReporter,
    exit_watch: ExitWatch,
    stalls: StallWatch,
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
    pub(super) fn new(mut guest: Guest, config: MachineConfig, restore_refusal: Option<String>) -> Self {
        if matches!(config.memory, GuestMemory::Restored { .. }) {
            guest.boot = guest.restored.clone();
            guest.console.clear();
        }
        let (exit, exit_watch) = ExitWatch::new();
        let (stall_reporter, stalls) = StallWatch::new();
        let stalling = tokio::spawn(guest.room.clone().obey(stall_reporter));
        Self {
            guest,
            agent: AgentMemory::new(token(&config.kernel_arguments)),
            memory: config.memory,
            paused: watch::Sender::new(false),
            restore_refusal,
            exit,
            exit_watch,
            stalls,
            state: Mutex::new(State {
                console: Some(config.console),
                tasks: vec![stalling],
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
        if let GuestMemory::Restored { memory, state: saved } = &self.memory {
            let restored = match self.restore_refusal.clone() {
                Some(reason) => Err(MachineError::Restore {
                    step: "loading the state",
                    reason,
                }),
                None => template::restore(memory, saved, &self.agent),
            };
            if let Err(error) = restored {
                let reason = error.to_string();
                self.exit.report(MachineExit::Failed { reason });
                return Err(error);
            }
        }
        if let Some(console) = state.console.take() {
            let mut console = std::fs::File::from(console.duplicate().map_err(start_error)?);
            console.write_all(self.guest.console.as_bytes()).map_err(start_error)?;
            // Else closed at once: this guest says nothing more.
            if matches!(self.memory, GuestMemory::Template { .. }) {
                self.agent.keep().console = Some(console);
            }
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
            agent: self.agent.clone(),
            paused: self.paused.subscribe(),
            started_at,
            exit: self.exit.clone(),
            exit_watch: self.exit_watch.clone(),
            refused_count: 0,
        }))
    }

    fn exit(&self) -> ExitWatch {
        self.exit_watch.clone()
    }

    fn stalls(&self) -> Option<StallWatch> {
        Some(self.stalls.clone())
    }

    async fn kill(&self) -> Result<(), MachineError> {
        self.end();
        Ok(())
    }

    fn as_pause(&self) -> Option<&dyn capability::Pause> {
        Some(self)
    }

    fn as_template(&self) -> Option<&dyn capability::Template> {
        matches!(self.memory, GuestMemory::Template { .. }).then_some(self as &dyn capability::Template)
    }
}

/// The token that a guest finds on its kernel command line.
fn token(kernel_arguments: &[String]) -> Option<AgentToken> {
    kernel_arguments
        .iter()
        .filter_map(|argument| argument.strip_prefix(AGENT_TOKEN_KEY)?.strip_prefix('='))
        .find_map(AgentToken::from_hex)
}
