//! One Run call: from the request to the exit of the process.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::time::Duration;

use container_agent_api::v1::run_request::Request;
use container_agent_api::v1::run_response::Response;
use container_agent_api::v1::{Exited, RunRequest, RunResponse, StartFailed, StartFailure as FailureCode, Started};
use container_workload::{ParentStdio, StartFailure, StartFailureKind, StartedProcess, send_signal};
use prost::Message as _;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::descriptor::Descriptor;
use crate::machine::Machine;
use crate::pump::{self, Responses, Wrap};
use crate::requests::{self, SIGKILL, Start};
use crate::{exit, oom_teller};

/// Responses that may wait for the host.
const QUEUE: usize = 8;

/// How long the preparation of a process may take before it is given up.
const START_WAIT: Duration = Duration::from_secs(30);

/// Largest record of a failed start, bytes.
const REPORT_BYTES: usize = 4096;

/// Begins the call. A task of its own carries it on, so that the process continues when the host drops the call.
pub(crate) async fn run(
    machine: Arc<Machine>,
    mut requests: Streaming<RunRequest>,
) -> Result<ReceiverStream<Result<RunResponse, Status>>, Status> {
    let Some(RunRequest {
        request: Some(Request::Start(start)),
    }) = requests.message().await?
    else {
        return Err(Status::invalid_argument("the first request of a run must be start"));
    };
    let encoded_spec = machine.has_waiting_init().then(|| start.encode_to_vec());
    let start = requests::start(start)?;
    if machine.processes.contains(&start.id) {
        return Err(Status::already_exists(format!(
            "there is a process \"{}\" already",
            start.id
        )));
    }
    let (responses, receiver) = mpsc::channel(QUEUE);
    let kills_before = machine.oom_kills.count();
    match machine.start(start.role, &start.spec, encoded_spec, start.streams)? {
        Ok(process) => {
            let pidfd = Arc::clone(&process.pidfd);
            // Inserted before its program is executed, so that a shutdown waits for it from the fork on.
            machine.processes.insert(start.id.clone(), pidfd, Weak::new());
            tokio::spawn(carry(machine, start, process, kills_before, requests, responses));
        }
        Err(failure) => {
            let _ = responses.try_send(Ok(failed(failure)));
        }
    }
    Ok(ReceiverStream::new(receiver))
}

async fn carry(
    machine: Arc<Machine>,
    start: Start,
    process: StartedProcess,
    kills_before: u64,
    requests: Streaming<RunRequest>,
    responses: Responses,
) {
    let StartedProcess {
        pid,
        pidfd,
        stdio,
        report,
    } = process;
    let failure = outcome_of_start(report, &pidfd).await;
    let streams = match (&failure, PumpedStreams::new(stdio)) {
        (None, Ok(streams)) => streams,
        _ => PumpedStreams::default(),
    };
    if failure.is_none() {
        if let Some(terminal) = &streams.terminal {
            machine
                .processes
                .insert(start.id.clone(), Arc::clone(&pidfd), Arc::downgrade(terminal));
        }
        send(&responses, Response::Started(Started { pid })).await;
    }
    let (exited, mut pumps) = streams.begin(requests, &responses);
    if start.tells_oom_kills && failure.is_none() {
        let teller = oom_teller::tell(
            Arc::clone(&machine),
            kills_before,
            responses.clone(),
            exited.subscribe(),
        );
        pumps.push(tokio::spawn(teller));
    }
    let status = match exit::ended(&pidfd).await {
        Ok(()) => {
            machine.collect_oom_kills();
            exit::wait(&pidfd).await
        }
        Err(error) => Err(error),
    };
    machine.ended(start.role);
    machine.processes.remove(&start.id);
    exited.send_replace(true);
    for pump in pumps {
        let _ = pump.await;
    }
    let last = match (failure, status) {
        (Some(failure), _) => failed(failure),
        (None, Ok(status)) => RunResponse {
            response: Some(Response::Exited(with_oom(&machine, status, pid, kills_before))),
        },
        (None, Err(error)) => failed(setup_failure(format!("cannot wait for the process: {error}"))),
    };
    let _ = responses.send(Ok(last)).await;
}

/// Waits until the program is executed; returns why it was not.
async fn outcome_of_start(report: OwnedFd, pidfd: &OwnedFd) -> Option<StartFailure> {
    let read = async { Descriptor::new(report)?.read_to_end(REPORT_BYTES).await };
    let message = match tokio::time::timeout(START_WAIT, read).await {
        Ok(Ok(record)) => return StartFailure::decode(&record),
        Ok(Err(error)) => format!("cannot read the outcome of the start: {error}"),
        Err(_) => format!("the process was not ready after {} s", START_WAIT.as_secs()),
    };
    // The host takes it for one that was never started.
    let _ = send_signal(pidfd.as_fd(), SIGKILL);
    Some(setup_failure(message))
}

/// The parent's ends, registered with the runtime.
#[derive(Default)]
struct PumpedStreams {
    stdin: Option<Arc<Descriptor>>,
    stdout: Option<Arc<Descriptor>>,
    stderr: Option<Arc<Descriptor>>,
    terminal: Option<Arc<Descriptor>>,
}

impl PumpedStreams {
    fn new(stdio: ParentStdio) -> std::io::Result<Self> {
        let register = |file| Descriptor::new(file).map(Arc::new);
        match stdio {
            ParentStdio::Null => Ok(Self::default()),
            ParentStdio::Pipes { stdin, stdout, stderr } => Ok(Self {
                stdin: stdin.map(register).transpose()?,
                stdout: Some(register(stdout)?),
                stderr: Some(register(stderr)?),
                terminal: None,
            }),
            ParentStdio::Terminal(master) => Ok(Self {
                terminal: Some(register(master)?),
                ..Self::default()
            }),
        }
    }

    /// Starts the pumps. Those for output are to be awaited once the returned flag says that the process has exited.
    fn begin(
        self,
        requests: Streaming<RunRequest>,
        responses: &Responses,
    ) -> (watch::Sender<bool>, Vec<tokio::task::JoinHandle<()>>) {
        let (exited, watcher) = watch::channel(false);
        let terminal = self.terminal.is_some();
        let input = self.stdin.or_else(|| self.terminal.clone());
        let mut ended = watcher.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = pump::input(requests, input, terminal) => {}
                _ = ended.wait_for(|exited| *exited) => {}
            }
        });
        let outputs: [(_, Wrap); 3] = [
            (self.stdout, Response::Stdout),
            (self.stderr, Response::Stderr),
            (self.terminal, Response::Stdout),
        ];
        let pumps = outputs
            .into_iter()
            .filter_map(|(source, wrap)| Some((source?, wrap)))
            .map(|(source, wrap)| {
                tokio::spawn(pump::output(source, wrap, responses.clone(), watcher.clone(), terminal))
            })
            .collect();
        (exited, pumps)
    }
}

async fn send(responses: &Responses, response: Response) {
    let _ = responses
        .send(Ok(RunResponse {
            response: Some(response),
        }))
        .await;
}

/// Adds whether the kernel killed the process for lack of memory. The exit code decides, not the signal, because a shell exits with the
/// code of its child.
fn with_oom(machine: &Machine, status: Exited, pid: u32, kills_before: u64) -> Exited {
    if status.exit_code != 128 + SIGKILL || !machine.take_oom_kill() {
        return status;
    }
    // Of a child of the process nothing may have been read yet.
    machine.collect_oom_kills();
    Exited {
        oom_killed: true,
        oom_kill: machine.oom_kills.of(pid, kills_before),
        ..status
    }
}

fn setup_failure(message: String) -> StartFailure {
    StartFailure {
        kind: StartFailureKind::Setup,
        message,
    }
}

fn failed(failure: StartFailure) -> RunResponse {
    let reason = match failure.kind {
        StartFailureKind::NotFound => FailureCode::NotFound,
        StartFailureKind::NotExecutable => FailureCode::NotExecutable,
        StartFailureKind::User => FailureCode::User,
        StartFailureKind::WorkingDirectory => FailureCode::WorkingDirectory,
        StartFailureKind::Setup => FailureCode::Setup,
    };
    RunResponse {
        response: Some(Response::Failed(StartFailed {
            reason: reason.into(),
            message: failure.message,
        })),
    }
}
