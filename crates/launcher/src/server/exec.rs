//! One more process in the container, with its client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use container_agent::{AgentClient, AgentError, ProcessEvent, ProcessOutput, RunError, RunningProcess};
use container_model::Signal;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};

use crate::control::start_failure;
use crate::control::v1::{
    ExecRequest, ExecResponse, ExitStatus, Failure, FailureKind, Running, exec_request::Request,
    exec_response::Response,
};
use crate::launch::Limits;
use crate::plan::exec_process;
use crate::session::{ProcessName, Run};
use crate::stdin::{Departure, InputEvent, StdinSlot, pass_on, pump};

type Responses = mpsc::Sender<Result<ExecResponse, Status>>;

/// Runs the process that the first request names, in the run that was current when the client asked, and carries its streams until it
/// has ended or the client leaves. A process whose client has detached goes on by itself; one whose client has vanished gets SIGHUP, and
/// SIGKILL when it does not end within the grace.
pub(super) async fn serve(run: Arc<Run>, limits: Limits, mut requests: Streaming<ExecRequest>, responses: Responses) {
    let opened = match open(run, &mut requests).await {
        Ok(opened) => opened,
        Err(failure) => return send(&responses, Response::Failure(failure)).await,
    };
    let agent = opened.run.agent.clone();
    if opened.detached {
        return send(&responses, Response::Running(Running {})).await;
    }
    let mut process = AttachedProcess::new(opened);
    match process.carry(requests, &responses).await {
        Ok(Departure::Detached) => {
            tokio::spawn(async move { process.drain().await });
        }
        Ok(Departure::Lost) => {
            tokio::spawn(async move { process.hang_up(&agent, limits.stop).await });
        }
        Ok(Departure::Silent) => {}
        Err(error) => send(&responses, Response::Failure(launch_failure(error))).await,
    }
}

/// A process that was started for a client.
struct Opened {
    run: Arc<Run>,
    name: ProcessName,
    process_id: String,
    process: RunningProcess,
    detached: bool,
}

/// Starts what the first request names. A client that leaves meanwhile does not keep the start from becoming known, so that what it
/// has started can be ended.
async fn open(run: Arc<Run>, requests: &mut Streaming<ExecRequest>) -> Result<Opened, Failure> {
    let first = requests.message().await.map_err(launch_failure)?;
    let Some(Request::Open(open)) = first.and_then(|message| message.request) else {
        return Err(launch_failure("the first request must be open"));
    };
    let (process_id, detached) = (open.process_id.clone(), open.detached);
    let name = run
        .name_process(&process_id)
        .ok_or_else(|| launch_failure(format!("there is a process {process_id} already")))?;
    let process = start(&run.agent, exec_process(&run.config, open).map_err(launch_failure)?).await?;
    Ok(Opened {
        run,
        name,
        process_id,
        process,
        detached,
    })
}

async fn start(agent: &AgentClient, process: container_agent_api::v1::StartProcess) -> Result<RunningProcess, Failure> {
    match agent.run(process).await {
        Ok(process) => Ok(process),
        Err(RunError::NotStarted { reason, message }) => Err(start_failure(reason, message)),
        Err(RunError::Agent(error)) => Err(launch_failure(error)),
    }
}

/// A process and its streams. Its name is taken and its input open for as long as this lives.
struct AttachedProcess {
    process_id: String,
    output: ProcessOutput,
    stdin: StdinSlot,
    pump: JoinHandle<()>,
    _name: ProcessName,
}

impl AttachedProcess {
    fn new(opened: Opened) -> Self {
        let stdin = StdinSlot::default();
        let pump = tokio::spawn(pump(stdin.open(), opened.process.stdin));
        Self {
            process_id: opened.process_id,
            output: opened.process.output,
            stdin,
            pump,
            _name: opened.name,
        }
    }

    /// Carries the streams until the process has ended or the client has left. Then the departure says how; that of a client whose
    /// process has ended is silent.
    async fn carry(
        &mut self,
        requests: Streaming<ExecRequest>,
        responses: &Responses,
    ) -> Result<Departure, AgentError> {
        send(responses, Response::Running(Running {})).await;
        let events = requests.map(|message| match message.map(|message| message.request) {
            Ok(Some(Request::Stdin(bytes))) => InputEvent::Bytes(Bytes::from(bytes)),
            Ok(Some(Request::CloseStdin(_))) => InputEvent::Close,
            Ok(Some(Request::Detach(_))) => InputEvent::Detach,
            Ok(Some(Request::Open(_)) | None) => InputEvent::Bytes(Bytes::new()),
            Err(_) => InputEvent::Lost,
        });
        let lease = self.stdin.take();
        let stdin = self.stdin.clone();
        let left = async {
            match pass_on(events, lease).await {
                Departure::Silent => {
                    // A client that says nothing more has no more input, but may be waiting for the end.
                    stdin.shut();
                    std::future::pending().await
                }
                departure => departure,
            }
        };
        tokio::select! {
            result = forward(&mut self.output, responses) => result.map(|()| Departure::Silent),
            departure = left => Ok(departure),
            () = responses.closed() => Ok(Departure::Lost),
        }
    }

    /// Reads and drops output until the process has ended, or the machine has.
    async fn drain(&mut self) {
        while let Ok(Some(_)) = self.output.next().await {}
    }

    /// Has the process end: SIGHUP, which is what the loss of a terminal is, and SIGKILL after `grace`.
    async fn hang_up(&mut self, agent: &AgentClient, grace: Duration) {
        self.signal(agent, Signal::HUP).await;
        if tokio::time::timeout(grace, self.drain()).await.is_err() {
            self.signal(agent, Signal::KILL).await;
            self.drain().await;
        }
    }

    async fn signal(&self, agent: &AgentClient, signal: Signal) {
        if let Err(error) = agent.signal(&self.process_id, signal.number()).await {
            let process_id = &self.process_id;
            tracing::warn!(%error, %signal, process_id, "cannot end a process whose client has vanished");
        }
    }
}

impl Drop for AttachedProcess {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

async fn forward(output: &mut ProcessOutput, responses: &Responses) -> Result<(), AgentError> {
    while let Some(event) = output.next().await? {
        send(
            responses,
            match event {
                ProcessEvent::Stdout(bytes) => Response::Stdout(bytes.into()),
                ProcessEvent::Stderr(bytes) => Response::Stderr(bytes.into()),
                ProcessEvent::Exited(exited) => Response::Exited(ExitStatus {
                    exit_code: exited.exit_code,
                    signal: exited.signal,
                    oom_killed: exited.oom_killed,
                }),
            },
        )
        .await;
    }
    Ok(())
}

/// That the client is gone is noticed where the channel is watched.
async fn send(responses: &Responses, response: Response) {
    let _ = responses
        .send(Ok(ExecResponse {
            response: Some(response),
        }))
        .await;
}

fn launch_failure(reason: impl ToString) -> Failure {
    Failure {
        kind: FailureKind::Launch.into(),
        message: reason.to_string(),
        hint: String::new(),
    }
}
