//! The calls of `container.agent.v1`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use container_agent_api::v1::agent_server::Agent;
use container_agent_api::v1::{
    AddArchiveRequest, AddArchiveResponse, AdjustClockRequest, AdjustClockResponse, AnnounceChangesRequest,
    AnnounceChangesResponse, BeginStepRequest, BeginStepResponse, ConfigureInterfaceRequest,
    ConfigureInterfaceResponse, CreateContainerRequest, CreateContainerResponse, FreezeRequest, FreezeResponse,
    HelloRequest, HelloResponse, ListProcessesRequest, ListProcessesResponse, ParkRequest, ParkResponse,
    ReadStatisticsRequest, ReadStatisticsResponse, ReadTreeRequest, ReadTreeResponse, ReleaseInterfaceRequest,
    ReleaseInterfaceResponse, ResizeRequest, ResizeResponse, ResumeRequest, ResumeResponse, RunRequest, RunResponse,
    SealStepRequest, SealStepResponse, SetLimitsRequest, SetLimitsResponse, SetNamesRequest, SetNamesResponse,
    SetPausedRequest, SetPausedResponse, ShutdownRequest, ShutdownResponse, SignalRequest, SignalResponse,
    SocketRequest, StatPathRequest, StatPathResponse, TrimRequest, TrimResponse, WriteTreeRequest, WriteTreeResponse,
};
use container_agent_api::{AgentToken, PROTOCOL_VERSION, check_version};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::admission::Peer;
use crate::machine::{Machine, micros};
use crate::{
    clock, disks, files, interface, pause, process_list, requests, run, set_limits, socket, statistics, steps,
};

/// Time for the answer to Shutdown to reach the host. The machine ends sooner if the host closes the connection.
const FAREWELL: Duration = Duration::from_millis(5);

/// Delay of the preparation, so that the answer to Hello is sent first.
const ANSWER_FIRST: Duration = Duration::from_millis(1);

/// The service for one peer. Everything but its admission is shared by all peers.
pub(crate) struct AgentService {
    machine: Arc<Machine>,
    peer: Peer,
}

impl AgentService {
    pub(crate) fn new(machine: Arc<Machine>, peer: Peer) -> Self {
        Self { machine, peer }
    }

    fn greeting(&self) -> HelloResponse {
        HelloResponse {
            protocol_version: PROTOCOL_VERSION,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            kernel_release: self.machine.kernel_release().to_owned(),
            capabilities: Vec::new(),
            ready_uptime_us: self.machine.ready_uptime_us(),
        }
    }
}

#[tonic::async_trait]
impl Agent for AgentService {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let request = request.into_inner();
        check_version(request.protocol_version).map_err(|error| Status::failed_precondition(error.to_string()))?;
        if self.machine.is_parked() {
            return Err(Status::failed_precondition(
                "this machine is parked: Resume comes first",
            ));
        }
        self.peer.admit(&request.token)?;
        if request.time_unix_ns != 0 {
            clock::set_wall_clock(request.time_unix_ns).map_err(clock::cannot_set)?;
        }
        let machine = self.machine.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ANSWER_FIRST).await;
            machine.prepare();
        });
        Ok(Response::new(self.greeting()))
    }

    async fn park(&self, request: Request<ParkRequest>) -> Result<Response<ParkResponse>, Status> {
        let ParkRequest {
            token,
            device_addresses,
        } = request.into_inner();
        let token = token
            .try_into()
            .map_err(|_| Status::invalid_argument("this is no token"))?;
        let device_addresses: Vec<_> = device_addresses
            .iter()
            .map(|address| interface::hardware_address(address))
            .collect::<Result<_, _>>()?;
        self.machine.park(&device_addresses)?;
        self.peer.leave(AgentToken::new(token));
        Ok(Response::new(ParkResponse {}))
    }

    async fn resume(&self, request: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        let start = Instant::now();
        let request = request.into_inner();
        let hello = request.hello.as_ref();
        check_version(hello.map_or(0, |hello| hello.protocol_version))
            .map_err(|error| Status::failed_precondition(error.to_string()))?;
        if !self.machine.is_parked() {
            return Err(Status::failed_precondition("this machine is not parked"));
        }
        self.peer.admit(hello.map_or(&[], |hello| &hello.token))?;
        // Without a pause from here on: a call that waits for the admission finds it done.
        self.machine.resume(&requests::resume(request)?)?;
        Ok(Response::new(ResumeResponse {
            hello: Some(self.greeting()),
            total_us: micros(start.elapsed()),
        }))
    }

    async fn create_container(
        &self,
        request: Request<CreateContainerRequest>,
    ) -> Result<Response<CreateContainerResponse>, Status> {
        Ok(Response::new(self.machine.create(request.into_inner()).await?))
    }

    type RunStream = ReceiverStream<Result<RunResponse, Status>>;

    async fn run(&self, request: Request<Streaming<RunRequest>>) -> Result<Response<Self::RunStream>, Status> {
        Ok(Response::new(
            run::run(self.machine.clone(), request.into_inner()).await?,
        ))
    }

    async fn signal(&self, request: Request<SignalRequest>) -> Result<Response<SignalResponse>, Status> {
        let SignalRequest { process_id, signal } = request.into_inner();
        if process_id.is_empty() {
            self.machine.signal_all(signal)?;
        } else {
            self.machine.processes.signal(&process_id, signal)?;
        }
        Ok(Response::new(SignalResponse {}))
    }

    async fn set_paused(&self, request: Request<SetPausedRequest>) -> Result<Response<SetPausedResponse>, Status> {
        pause::set_paused(&self.machine, request.into_inner().paused).await?;
        Ok(Response::new(SetPausedResponse {}))
    }

    async fn list_processes(
        &self,
        _: Request<ListProcessesRequest>,
    ) -> Result<Response<ListProcessesResponse>, Status> {
        process_list::list(&self.machine).map(Response::new)
    }

    async fn read_statistics(
        &self,
        _: Request<ReadStatisticsRequest>,
    ) -> Result<Response<ReadStatisticsResponse>, Status> {
        statistics::read(&self.machine).map(Response::new)
    }

    async fn set_limits(&self, request: Request<SetLimitsRequest>) -> Result<Response<SetLimitsResponse>, Status> {
        let files = requests::control_files(request.into_inner().files)?;
        set_limits::set_limits(&self.machine, &files).await?;
        Ok(Response::new(SetLimitsResponse {}))
    }

    async fn resize(&self, request: Request<ResizeRequest>) -> Result<Response<ResizeResponse>, Status> {
        let ResizeRequest {
            process_id,
            window_size,
        } = request.into_inner();
        self.machine
            .processes
            .resize(&process_id, requests::window_size(window_size))?;
        Ok(Response::new(ResizeResponse {}))
    }

    async fn adjust_clock(
        &self,
        request: Request<AdjustClockRequest>,
    ) -> Result<Response<AdjustClockResponse>, Status> {
        match clock::adjust_wall_clock(request.into_inner().offset_ns) {
            Ok(time_unix_ns) => Ok(Response::new(AdjustClockResponse { time_unix_ns })),
            Err(error) => Err(clock::cannot_set(error)),
        }
    }

    async fn configure_interface(
        &self,
        request: Request<ConfigureInterfaceRequest>,
    ) -> Result<Response<ConfigureInterfaceResponse>, Status> {
        interface::configure(&request.into_inner().try_into()?)?;
        Ok(Response::new(ConfigureInterfaceResponse {}))
    }

    async fn release_interface(
        &self,
        request: Request<ReleaseInterfaceRequest>,
    ) -> Result<Response<ReleaseInterfaceResponse>, Status> {
        interface::release(interface::hardware_address(&request.into_inner().device_address)?)?;
        Ok(Response::new(ReleaseInterfaceResponse {}))
    }

    async fn set_names(&self, request: Request<SetNamesRequest>) -> Result<Response<SetNamesResponse>, Status> {
        self.machine.set_names(request.into_inner())?;
        Ok(Response::new(SetNamesResponse {}))
    }

    async fn shutdown(&self, _request: Request<ShutdownRequest>) -> Result<Response<ShutdownResponse>, Status> {
        let unmounted = self.machine.shut_down().await;
        let power_off = self.machine.power_off_requested();
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL).await;
            power_off.notify_one();
        });
        unmounted.map(|()| Response::new(ShutdownResponse {}))
    }

    async fn trim(&self, _: Request<TrimRequest>) -> Result<Response<TrimResponse>, Status> {
        Ok(Response::new(disks::trim(self.machine.clone()).await?))
    }

    type FreezeStream = ReceiverStream<Result<FreezeResponse, Status>>;

    async fn freeze(&self, _: Request<FreezeRequest>) -> Result<Response<Self::FreezeStream>, Status> {
        Ok(Response::new(disks::freeze(self.machine.clone())))
    }

    type DialSocketStream = socket::ResponseStream;

    async fn dial_socket(
        &self,
        request: Request<Streaming<SocketRequest>>,
    ) -> Result<Response<Self::DialSocketStream>, Status> {
        Ok(Response::new(socket::dial(&self.machine, request.into_inner()).await?))
    }

    type AcceptSocketStream = socket::ResponseStream;

    async fn accept_socket(
        &self,
        request: Request<Streaming<SocketRequest>>,
    ) -> Result<Response<Self::AcceptSocketStream>, Status> {
        Ok(Response::new(
            socket::accept(&self.machine, request.into_inner()).await?,
        ))
    }

    async fn announce_changes(
        &self,
        request: Request<AnnounceChangesRequest>,
    ) -> Result<Response<AnnounceChangesResponse>, Status> {
        let AnnounceChangesRequest { changes, group } = request.into_inner();
        self.machine.announce(requests::changes(changes)?, group).await?;
        Ok(Response::new(AnnounceChangesResponse {}))
    }

    async fn stat_path(&self, request: Request<StatPathRequest>) -> Result<Response<StatPathResponse>, Status> {
        files::stat(self.machine.clone(), request.into_inner())
            .await
            .map(Response::new)
    }

    type ReadTreeStream = ReceiverStream<Result<ReadTreeResponse, Status>>;

    async fn read_tree(&self, request: Request<ReadTreeRequest>) -> Result<Response<Self::ReadTreeStream>, Status> {
        files::read(self.machine.clone(), request.into_inner()).map(Response::new)
    }

    async fn write_tree(
        &self,
        request: Request<Streaming<WriteTreeRequest>>,
    ) -> Result<Response<WriteTreeResponse>, Status> {
        files::write(self.machine.clone(), request.into_inner())
            .await
            .map(Response::new)
    }

    async fn begin_step(&self, request: Request<BeginStepRequest>) -> Result<Response<BeginStepResponse>, Status> {
        steps::begin(&self.machine, request.into_inner()).map(Response::new)
    }

    async fn seal_step(&self, _: Request<SealStepRequest>) -> Result<Response<SealStepResponse>, Status> {
        steps::seal(self.machine.clone()).await.map(Response::new)
    }

    async fn add_archive(
        &self,
        request: Request<Streaming<AddArchiveRequest>>,
    ) -> Result<Response<AddArchiveResponse>, Status> {
        files::add_archive(self.machine.clone(), request.into_inner())
            .await
            .map(Response::new)
    }
}
