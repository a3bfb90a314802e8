//! The calls of `container.agent.v1`.

use std::sync::Arc;
use std::time::Duration;

use container_agent_api::v1::agent_server::Agent;
use container_agent_api::v1::{
    AdjustClockRequest, AdjustClockResponse, ConfigureInterfaceRequest, ConfigureInterfaceResponse,
    CreateContainerRequest, CreateContainerResponse, HelloRequest, HelloResponse, ReleaseInterfaceRequest,
    ReleaseInterfaceResponse, ResizeRequest, ResizeResponse, RunRequest, RunResponse, SetNamesRequest,
    SetNamesResponse, ShutdownRequest, ShutdownResponse, SignalRequest, SignalResponse,
};
use container_agent_api::{PROTOCOL_VERSION, check_version};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::admission::Peer;
use crate::machine::Machine;
use crate::{clock, interface, requests, run};

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
}

#[tonic::async_trait]
impl Agent for AgentService {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let request = request.into_inner();
        check_version(request.protocol_version).map_err(|error| Status::failed_precondition(error.to_string()))?;
        self.peer.admit(&request.token)?;
        if request.time_unix_ns != 0 {
            clock::set_wall_clock(request.time_unix_ns)
                .map_err(|error| Status::internal(format!("cannot set the clock: {error}")))?;
        }
        let machine = self.machine.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ANSWER_FIRST).await;
            machine.prepare();
        });
        Ok(Response::new(HelloResponse {
            protocol_version: PROTOCOL_VERSION,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            kernel_release: rustix::system::uname().release().to_string_lossy().into_owned(),
            capabilities: Vec::new(),
            ready_uptime_us: self.machine.ready_uptime_us(),
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
            Err(error) => Err(Status::internal(format!("cannot set the clock: {error}"))),
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
}
