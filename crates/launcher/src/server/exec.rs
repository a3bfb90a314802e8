//! One more process in the container, with its client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use container_agent::{AgentClient, AgentError, ProcessEvent, ProcessOutput, RunError, RunningProcess};
use container_model::Signal;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Status, Streaming};

use crate::control::start_failure;
use crate::control::v1::{
    ExecRequest, ExecResponse, ExitStatus, Failure, FailureKind, Notice, Running, exec_request::Request,
    exec_response::Response,
};
use crate::events::ExecEvents;
use crate::launch::Limits;
use crate::oom_kills::oom_notice;
use crate::plan::exec_process;
use crate::session::{Notices, ProcessName, Run};
use crate::stdin::{Departure, InputEvent, StdinSlot, pass_on, pump};

/// Why nothing is started in a container whose processes stand still.
pub(super) const PAUSED: &str = "it is paused: unpause it first";

pub(super) type Responses = mpsc::Sender<Result<ExecResponse, Status>>;

/// Runs the process that the first request names, in the run that was current when the client asked, and carries its streams until it
/// has ended or the client leaves. A process whose client has detached goes on by itself; one whose client has vanished gets SIGHUP, and
/// SIGKILL when it does not end within the grace.
pub(super) async fn serve(
    run: Arc<Run>,
    notices: Notices,
    limits: Limits,
    mut requests: Streaming<ExecRequest>,
    responses: Responses,
) {
    let opened = match open(run, &mut requests).await {
        Ok(opened) => opened,
        Err(failure) => return send(&responses, Response::Failure(failure)).await,
    };
    let agent = opened.run.agent.clone();
    let Opened {
        name,
        process_id,
        process,
        events,
        detached,
        ..
    } = opened;
    let mut process = AttachedProcess::new(process_id, process, name).with_events(events);
    if detached {
        // It has no streams: there is nothing to come but its end.
        tokio::spawn(async move { process.drain().await });
        return send(&responses, Response::Running(Running {})).await;
    }
    match process.carry(input_events(requests), notices, &responses).await {
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

/// What a client says on its request stream, as input.
fn input_events(requests: Streaming<ExecRequest>) -> impl Stream<Item = InputEvent> + Unpin {
    requests.map(|message| match message.map(|message| message.request) {
        Ok(Some(Request::Stdin(bytes))) => InputEvent::Bytes(Bytes::from(bytes)),
        Ok(Some(Request::CloseStdin(_))) => InputEvent::Close,
        Ok(Some(Request::Detach(_))) => InputEvent::Detach,
        Ok(Some(Request::Open(_)) | None) => InputEvent::Bytes(Bytes::new()),
        Err(_) => InputEvent::Lost,
    })
}

/// A process that was started for a client.
struct Opened {
    run: Arc<Run>,
    name: ProcessName,
    process_id: String,
    process: RunningProcess,
    events: ExecEvents,
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
    let events = ExecEvents::new(&run, &process_id, &open.arguments);
    let process = exec_process(&run.config, run.architecture, open).map_err(launch_failure)?;
    // A pause that was asked for before is over then, and one that is asked for now waits for the start.
    let going_on = run.going_on().await.ok_or_else(|| launch_failure(PAUSED))?;
    events.create();
    let process = start(&run.agent, process).await?;
    events.start();
    drop(going_on);
    Ok(Opened {
        run,
        name,
        process_id,
        process,
        events,
        detached,
    })
}

pub(super) async fn start(
    agent: &AgentClient,
    process: container_agent_api::v1::StartProcess,
) -> Result<RunningProcess, Failure> {
    match agent.run(process).await {
        Ok(process) => Ok(process),
        Err(RunError::NotStarted { reason, message }) => Err(start_failure(reason, message)),
        Err(RunError::Agent(error)) => Err(launch_failure(error)),
    }
}

/// A process and its streams. Its name is taken and its input open for as long as this lives.
pub(super) struct AttachedProcess {
    process_id: String,
    output: ProcessOutput,
    stdin: StdinSlot,
    pump: JoinHandle<()>,
    events: Option<ExecEvents>,
    _name: ProcessName,
}

impl AttachedProcess {
    pub(super) fn new(process_id: String, process: RunningProcess, name: ProcessName) -> Self {
        let stdin = StdinSlot::default();
        let pump = tokio::spawn(pump(stdin.open(), process.stdin));
        Self {
            process_id,
            output: process.output,
            stdin,
            pump,
            events: None,
            _name: name,
        }
    }

    /// The same process, of whose end is told.
    fn with_events(mut self, events: ExecEvents) -> Self {
        self.events = Some(events);
        self
    }

    /// Carries the streams until the process has ended or the client has left. Then the departure says how; that of a client whose
    /// process has ended is silent.
    pub(super) async fn carry(
        &mut self,
        events: impl Stream<Item = InputEvent> + Unpin,
        notices: Notices,
        responses: &Responses,
    ) -> Result<Departure, AgentError> {
        send(responses, Response::Running(Running {})).await;
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
            result = forward(&mut self.output, notices, responses, self.events.as_ref()) => result.map(|()| Departure::Silent),
            departure = left => Ok(departure),
            () = responses.closed() => Ok(Departure::Lost),
        }
    }

    /// Reads and drops output until the process has ended, or the machine has.
    pub(super) async fn drain(&mut self) {
        while let Ok(Some(event)) = self.output.next().await {
            if let (ProcessEvent::Exited(exited), Some(events)) = (event, &self.events) {
                events.die(exited.exit_code);
            }
        }
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

async fn forward(
    output: &mut ProcessOutput,
    mut notices: Notices,
    responses: &Responses,
    events: Option<&ExecEvents>,
) -> Result<(), AgentError> {
    let mut is_kill_told = false;
    loop {
        let response = tokio::select! {
            event = output.next() => match event? {
                Some(ProcessEvent::Stdout(bytes)) => Response::Stdout(bytes.into()),
                Some(ProcessEvent::Stderr(bytes)) => Response::Stderr(bytes.into()),
                Some(ProcessEvent::OomKill(kill)) => {
                    is_kill_told = true;
                    Response::Notice(Notice { text: oom_notice(Some(&kill)) })
                }
                Some(ProcessEvent::Exited(exited)) => {
                    if exited.oom_killed && !is_kill_told {
                        let text = oom_notice(exited.oom_kill.as_ref());
                        send(responses, Response::Notice(Notice { text })).await;
                    }
                    if let Some(events) = events {
                        events.die(exited.exit_code);
                    }
                    Response::Exited(ExitStatus {
                        exit_code: exited.exit_code,
                        signal: exited.signal,
                        oom_killed: exited.oom_killed,
                    })
                }
                None => return Ok(()),
            },
            text = notices.next() => Response::Notice(Notice { text }),
        };
        send(responses, response).await;
    }
}

/// That the client is gone is noticed where the channel is watched.
pub(super) async fn send(responses: &Responses, response: Response) {
    let _ = responses
        .send(Ok(ExecResponse {
            response: Some(response),
        }))
        .await;
}

pub(super) fn launch_failure(reason: impl ToString) -> Failure {
    Failure {
        kind: FailureKind::Launch.into(),
        message: reason.to_string(),
        hint: String::new(),
    }
}
