//! The calls.

use std::sync::Arc;

use container_agent_api::v1 as agent;
use container_model::ContainerUpdate;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{attach, disks, exec, files, networks, processes, running, signal, statistics, steps, stop};
use crate::control::v1::control_server::Control;
use crate::control::v1::{
    AddArchiveRequest, AddArchiveResponse, AttachRequest, AttachResponse, ConnectNetworkRequest,
    ConnectNetworkResponse, DisconnectNetworkRequest, DisconnectNetworkResponse, EndWithHostRequest,
    EndWithHostResponse, ExecRequest, ExecResponse, FreezeRequest, FreezeResponse, HelloRequest, HelloResponse,
    ListProcessesRequest, ListProcessesResponse, ReadStatisticsRequest, ReadStatisticsResponse, ReadTreeRequest,
    ReadTreeResponse, ResizeRequest, ResizeResponse, RunStepRequest, Running, SealStepRequest, SealStepResponse,
    SetPausedRequest, SetPausedResponse, SignalRequest, SignalResponse, StartRequest, StartResponse, StatPathRequest,
    StatPathResponse, StatusRequest, StatusResponse, StopRequest, StopResponse, TrimRequest, TrimResponse,
    UpdateRequest, UpdateResponse, WaitRequest, WaitResponse, WriteTreeRequest, WriteTreeResponse,
    start_response::Outcome,
};
use crate::control::{PROGRAM_VERSION, SPOKEN_VERSIONS};
use crate::launch::Limits;
use crate::plan::INIT_PROCESS_ID;
use crate::session::{Ending, Run, Session, Started};

/// Responses that may wait for one client.
pub(super) const RESPONSE_QUEUE: usize = 4;

/// The control service of one container.
pub(crate) struct Service {
    session: Arc<Session>,
    limits: Limits,
}

impl Service {
    pub(crate) fn new(session: Arc<Session>, limits: Limits) -> Self {
        Self { session, limits }
    }

    /// The run whose workload runs, for a request to its guest. One that stands still would not answer.
    fn running(&self) -> Result<Arc<Run>, Status> {
        running::running(&self.session)
    }
}

impl Service {
    /// The run whose workload runs, for a request that starts processes in the container: they would stand still as well.
    fn going_on(&self) -> Result<Arc<Run>, Status> {
        let run = self.running()?;
        match run.is_paused() {
            true => Err(Status::failed_precondition(exec::PAUSED)),
            false => Ok(run),
        }
    }

    /// The run of a machine that is there for the steps of a build.
    fn for_steps(&self) -> Result<Arc<Run>, Status> {
        let run = self.running()?;
        match run.config.build {
            Some(_) => Ok(run),
            None => Err(Status::failed_precondition("it is not the machine of a build")),
        }
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
    type ReadTreeStream = ReceiverStream<Result<ReadTreeResponse, Status>>;

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
            paused_because: self.session.paused_because().unwrap_or_default(),
        }))
    }

    async fn start(&self, _: Request<StartRequest>) -> Result<Response<StartResponse>, Status> {
        self.session.wish(|wishes| (wishes.start, wishes.heard) = (true, true));
        let outcome = match self.session.started().await {
            Started::Ran(run) => {
                if let Some(run) = run {
                    run.start_recorded().await;
                } else if self.session.progress().ending().is_some() {
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
        let run = self.going_on()?;
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        let notices = self.session.notices();
        tokio::spawn(exec::serve(run, notices, self.limits, request.into_inner(), responses));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn signal(&self, request: Request<SignalRequest>) -> Result<Response<SignalResponse>, Status> {
        signal::send(&self.session, request.into_inner()).await?;
        Ok(Response::new(SignalResponse {}))
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
        stop::stop(&self.session, request.into_inner()).await.map(Response::new)
    }

    async fn end_with_host(
        &self,
        request: Request<EndWithHostRequest>,
    ) -> Result<Response<EndWithHostResponse>, Status> {
        Ok(Response::new(
            stop::end_with_host(&self.session, request.into_inner()).await,
        ))
    }

    async fn set_paused(&self, request: Request<SetPausedRequest>) -> Result<Response<SetPausedResponse>, Status> {
        self.running()?;
        self.session.set_paused(request.into_inner().paused).await?;
        Ok(Response::new(SetPausedResponse {}))
    }

    async fn list_processes(
        &self,
        _: Request<ListProcessesRequest>,
    ) -> Result<Response<ListProcessesResponse>, Status> {
        processes::list(&*self.running()?).await.map(Response::new)
    }

    async fn read_statistics(
        &self,
        _: Request<ReadStatisticsRequest>,
    ) -> Result<Response<ReadStatisticsResponse>, Status> {
        statistics::read(&*self.running()?).await.map(Response::new)
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

    async fn update(&self, request: Request<UpdateRequest>) -> Result<Response<UpdateResponse>, Status> {
        let update = ContainerUpdate::try_from(request.into_inner());
        let update = update.map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.session.update(update).await.map(Response::new)
    }

    async fn wait(&self, request: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        tracing::info!("a client waits for the end");
        let ending = match request.into_inner().next_exit {
            true => self.session.next_exit().await,
            false => self.session.recorded().await,
        };
        Ok(Response::new(WaitResponse {
            exit_status: Some(exit_status(&ending)?),
        }))
    }

    async fn trim(&self, _: Request<TrimRequest>) -> Result<Response<TrimResponse>, Status> {
        let trimmed_bytes = disks::trim(self.running()?).await?;
        Ok(Response::new(TrimResponse { trimmed_bytes }))
    }

    type FreezeStream = ReceiverStream<Result<FreezeResponse, Status>>;

    async fn freeze(&self, _: Request<FreezeRequest>) -> Result<Response<Self::FreezeStream>, Status> {
        Ok(Response::new(disks::freeze(self.running()?).await?))
    }

    async fn stat_path(&self, request: Request<StatPathRequest>) -> Result<Response<StatPathResponse>, Status> {
        let run = self.going_on()?;
        files::stat(&run, request.into_inner()).await.map(Response::new)
    }

    async fn read_tree(&self, request: Request<ReadTreeRequest>) -> Result<Response<Self::ReadTreeStream>, Status> {
        let run = self.going_on()?;
        files::read(run, request.into_inner()).await.map(Response::new)
    }

    async fn write_tree(
        &self,
        request: Request<Streaming<WriteTreeRequest>>,
    ) -> Result<Response<WriteTreeResponse>, Status> {
        let run = self.going_on()?;
        files::write(&run, request.into_inner()).await.map(Response::new)
    }

    type RunStepStream = ReceiverStream<Result<ExecResponse, Status>>;

    async fn run_step(
        &self,
        request: Request<Streaming<RunStepRequest>>,
    ) -> Result<Response<Self::RunStepStream>, Status> {
        let run = self.for_steps()?;
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        tokio::spawn(steps::run(run, self.session.notices(), request.into_inner(), responses));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn seal_step(&self, _: Request<SealStepRequest>) -> Result<Response<SealStepResponse>, Status> {
        steps::seal(&*self.for_steps()?).await.map(Response::new)
    }

    async fn add_archive(
        &self,
        request: Request<Streaming<AddArchiveRequest>>,
    ) -> Result<Response<AddArchiveResponse>, Status> {
        let run = self.for_steps()?;
        steps::add_archive(&run, request.into_inner()).await.map(Response::new)
    }
}
