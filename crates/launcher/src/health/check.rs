//! One check: a process in the container, which never outlives it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use container_agent::{AgentClient, AgentError, ProcessEvent, RunError};
use container_agent_api::v1::StartProcess;
use container_model::Signal;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::captured::Captured;
use crate::control::v1::ExecOpen;
use crate::plan::exec_process;
use crate::session::{ProcessName, Run};

/// How long a process that was killed may take to end before the next check is begun all the same.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// How the process of a check has ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With this exit code.
    Exited(u32),
    /// By a SIGKILL.
    Killed,
    /// It was not started, for this reason.
    NotStarted(String),
    /// The guest is not there any more.
    Lost,
}

/// A check that is going on. Its process is killed when this is dropped, which waits for nothing.
pub(super) struct Check {
    kill: Option<oneshot::Sender<()>>,
    captured: Arc<Mutex<Captured>>,
    process: JoinHandle<Outcome>,
}

impl Check {
    /// Runs a command as `exec` does. `process_id` is free.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(super) fn begin(run: &Run, process_id: String, arguments: Vec<String>) -> Result<Self, String> {
        let name = run.name_process(&process_id).ok_or("the check before has not ended")?;
        let open = ExecOpen {
            process_id,
            arguments,
            ..ExecOpen::default()
        };
        let start = exec_process(&run.config, run.architecture, open).map_err(|error| error.to_string())?;
        let captured = Arc::<Mutex<Captured>>::default();
        let (kill, killed) = oneshot::channel();
        let agent = run.agent.clone();
        let process = tokio::spawn(carry(agent, start, Arc::clone(&captured), killed, name));
        Ok(Self {
            kill: Some(kill),
            captured,
            process,
        })
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Outcome {
        (&mut self.process).await.unwrap_or(Outcome::Lost)
    }

    /// Kills it, and waits a while for its end.
    pub(super) async fn kill(&mut self) {
        self.kill = None;
        let _ = tokio::time::timeout(KILL_LIMIT, self.ended()).await;
    }

    /// The beginning of what it has written to its two outputs.
    pub(super) fn output(&self) -> String {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

/// Stays with a process to its end. A start that is under way is not broken off, so that what was started can be killed.
async fn carry(
    agent: AgentClient,
    start: StartProcess,
    captured: Arc<Mutex<Captured>>,
    mut killed: oneshot::Receiver<()>,
    _name: ProcessName,
) -> Outcome {
    let process_id = start.process_id.clone();
    let mut process = match agent.run(start).await {
        Ok(process) => process,
        Err(RunError::NotStarted { message, .. }) => return Outcome::NotStarted(message),
        Err(RunError::Agent(AgentError::Broken { .. })) => return Outcome::Lost,
        Err(RunError::Agent(error)) => return Outcome::NotStarted(error.to_string()),
    };
    let mut is_to_go_on = true;
    loop {
        let event = tokio::select! {
            event = process.output.next() => event,
            // The sender says nothing: it goes.
            _ = &mut killed, if is_to_go_on => {
                is_to_go_on = false;
                if let Err(error) = agent.signal(&process_id, Signal::KILL.number()).await {
                    tracing::debug!(%error, process_id, "cannot kill a check");
                }
                continue;
            }
        };
        match event {
            Ok(Some(ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes))) => {
                captured.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes);
            }
            Ok(Some(ProcessEvent::OomKill(_))) => {}
            Ok(Some(ProcessEvent::Exited(exited))) if exited.signal == Signal::KILL.number() => return Outcome::Killed,
            Ok(Some(ProcessEvent::Exited(exited))) => return Outcome::Exited(exited.exit_code),
            Ok(None) | Err(_) => return Outcome::Lost,
        }
    }
}
