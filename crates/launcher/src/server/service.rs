//! The calls.

use std::sync::Arc;
use std::time::Duration;

use container_agent_api::v1 as agent;
use container_model::Signal;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{attach, exec, networks};
use crate::control::v1::control_server::Control;
use crate::control::v1::{
    AttachRequest, AttachResponse, ConnectNetworkRequest, ConnectNetworkResponse, DisconnectNetworkRequest,
    DisconnectNetworkResponse, ExecRequest, ExecResponse, HelloRequest, HelloResponse, ResizeRequest, ResizeResponse,
    Running, SignalRequest, SignalResponse, StartRequest, StartResponse, StatusRequest, StatusResponse, StopRequest,
    StopResponse, WaitRequest, WaitResponse, start_response::Outcome,
};
use crate::control::{PROGRAM_VERSION, SPOKEN_VERSIONS};
use crate::launch::Limits;
use crate::plan::INIT_PROCESS_ID;
use crate::session::{Ending, Run, Session, Started, Stop};

/// Responses that may wait for one client.
pub(super) const RESPONSE_QUEUE: usize = 4;

/// Longest time that `stop` waits before SIGKILL: a year, which stands for "for ever" and cannot overflow.
const STOP_TIMEOUT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The control service of one container.
pub(crate) struct Service {
    session: Arc<Session>,
    limits: Limits,
}

impl Service {
    pub(crate) fn new(session: Arc<Session>, limits: Limits) -> Self {
        Self { session, limits }
    }

    /// The run whose workload runs.
    fn running(&self) -> Result<Arc<Run>, Status> {
        self.session
            .running()
            .ok_or_else(|| Status::failed_precondition("the container is not running"))
    }
}

/// The exit status of a container that has ended, or why there is none.
fn exit_status(ending: &Ending) -> Result<crate::control::v1::ExitStatus, Status> {
    ending
        .exit_status()
        .ok_or_else(|| Status::aborted(ending.to_failure().message))
}

#[tonic::async_trait]
impl Control for Service {
    type AttachStream = ReceiverStream<Result<AttachResponse, Status>>;
    type ExecStream = ReceiverStream<Result<ExecResponse, Status>>;

    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let HelloRequest {
            versions,
            program_version,
        } = request.into_inner();
        tracing::debug!(?versions, program_version, "a client introduces itself");
        Ok(Response::new(HelloResponse {
            versions: Some(SPOKEN_VERSIONS),
            program_version: PROGRAM_VERSION.to_owned(),
        }))
    }

    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let progress = self.session.progress();
        Ok(Response::new(StatusResponse {
            phase: progress.phase().into(),
            launcher_pid: std::process::id(),
            run: progress.run().map_or(0, |run| run.number),
        }))
    }

    async fn start(&self, _: Request<StartRequest>) -> Result<Response<StartResponse>, Status> {
        self.session.wish(|wishes| (wishes.start, wishes.heard) = (true, true));
        let outcome = match self.session.started().await {
            Started::Ran(run) => {
                if let Some(run) = run {
                    run.start_recorded().await;
                } else {
                    self.session.recorded().await;
                }
                Outcome::Running(Running {})
            }
            // The client that hears of the failure finds it on record.
            Started::Never => Outcome::Failure(self.session.recorded().await.to_failure()),
        };
        Ok(Response::new(StartResponse { outcome: Some(outcome) }))
    }

    async fn attach(&self, request: Request<Streaming<AttachRequest>>) -> Result<Response<Self::AttachStream>, Status> {
        let attachment = attach::Attachment::open(&self.session, self.limits, request.into_inner()).await?;
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        tokio::spawn(attachment.serve(responses));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn exec(&self, request: Request<Streaming<ExecRequest>>) -> Result<Response<Self::ExecStream>, Status> {
        let run = self.running()?;
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        tokio::spawn(exec::serve(run, self.limits, request.into_inner(), responses));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn signal(&self, request: Request<SignalRequest>) -> Result<Response<SignalResponse>, Status> {
        let SignalRequest { process_id, signal } = request.into_inner();
        let signal = Signal::from_number(signal).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let process_id = if process_id.is_empty() {
            INIT_PROCESS_ID
        } else {
            &process_id
        };
        if process_id == INIT_PROCESS_ID && signal == Signal::KILL && self.session.progress().ending().is_none() {
            // The end of the container, whatever it is doing. This must work with a guest that does not cooperate: in the end its
            // machine is switched off.
            self.session.wish(|wishes| {
                wishes.add_stop(Stop {
                    signal,
                    kill_at: Instant::now(),
                })
            });
            return Ok(Response::new(SignalResponse {}));
        }
        match self.running()?.agent.signal(process_id, signal.number()).await {
            Ok(()) => Ok(Response::new(SignalResponse {})),
            Err(error) => Err(Status::aborted(error.to_string())),
        }
    }

    async fn resize(&self, request: Request<ResizeRequest>) -> Result<Response<ResizeResponse>, Status> {
        let ResizeRequest {
            process_id,
            window_size,
        } = request.into_inner();
        let size = window_size.ok_or_else(|| Status::invalid_argument("no window size"))?;
        let size = agent::WindowSize {
            rows: size.rows,
            columns: size.columns,
        };
        let process_id = if process_id.is_empty() {
            INIT_PROCESS_ID
        } else {
            &process_id
        };
        if process_id == INIT_PROCESS_ID {
            // For the workloads of later runs as well.
            self.session.set_window_size(size);
            if self.session.is_before_workload() {
                return Ok(Response::new(ResizeResponse {}));
            }
        }
        match self.running()?.agent.resize(process_id, size).await {
            Ok(()) => Ok(Response::new(ResizeResponse {})),
            Err(error) => Err(Status::aborted(error.to_string())),
        }
    }

    async fn stop(&self, request: Request<StopRequest>) -> Result<Response<StopResponse>, Status> {
        let StopRequest { signal, timeout_ms } = request.into_inner();
        let signal = match signal {
            0 => None,
            number => Some(Signal::from_number(number).map_err(|error| Status::invalid_argument(error.to_string()))?),
        };
        let timeout = Duration::from_millis(timeout_ms).min(STOP_TIMEOUT_MAX);
        self.session.stop(signal, timeout);
        let ending = self.session.recorded().await;
        // A container that was stopped before its workload ran is stopped all the same.
        Ok(Response::new(StopResponse {
            exit_status: ending.exit_status(),
        }))
    }

    async fn connect_network(
        &self,
        request: Request<ConnectNetworkRequest>,
    ) -> Result<Response<ConnectNetworkResponse>, Status> {
        let attachment = networks::attachment(request.into_inner())?;
        self.session.connect_network(attachment).await?;
        Ok(Response::new(ConnectNetworkResponse {}))
    }

    async fn disconnect_network(
        &self,
        request: Request<DisconnectNetworkRequest>,
    ) -> Result<Response<DisconnectNetworkResponse>, Status> {
        let network = networks::name(&request.into_inner().network)?;
        self.session.disconnect_network(&network).await?;
        Ok(Response::new(DisconnectNetworkResponse {}))
    }

    async fn wait(&self, _: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        let ending = self.session.recorded().await;
        Ok(Response::new(WaitResponse {
            exit_status: Some(exit_status(&ending)?),
        }))
    }
}
