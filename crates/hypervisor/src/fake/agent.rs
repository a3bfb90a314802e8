//! The agent's end of the stream.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use container_agent_api::v1::agent_server::{Agent, AgentServer};
use container_agent_api::v1::{
    AdjustClockRequest, AdjustClockResponse, ConfigureInterfaceRequest, ConfigureInterfaceResponse,
    CreateContainerRequest, CreateContainerResponse, HelloRequest, HelloResponse, ReleaseInterfaceRequest,
    ReleaseInterfaceResponse, ResizeRequest, ResizeResponse, RunRequest, RunResponse, SetNamesRequest,
    SetNamesResponse, ShutdownRequest, ShutdownResponse, SignalRequest, SignalResponse, run_request::Request as Run,
};
use container_agent_api::{AgentToken, PROTOCOL_VERSION};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::guest::{Boot, Guest};
use super::process;
use crate::{ExitReporter, MachineExit};

/// Time from the answer to a shutdown to the end of the machine.
const POWER_OFF_AFTER: Duration = Duration::from_millis(5);

/// Messages that may wait for a slow reader.
const RESPONSE_QUEUE: usize = 4;

/// Signals that may wait for a process.
const SIGNAL_QUEUE: usize = 64;

/// Plays the guest on `stream` until its peer is gone.
pub(super) async fn play(
    guest: Guest,
    token: Option<AgentToken>,
    mut stream: UnixStream,
    started_at: tokio::time::Instant,
    exit: ExitReporter,
) {
    match guest.boot.clone() {
        Boot::Ready { after } => {
            tokio::time::sleep_until(started_at + after).await;
            let (signals, _) = broadcast::channel(SIGNAL_QUEUE);
            let service = AgentServer::new(FakeAgent {
                guest,
                token,
                exit,
                signals,
                has_container: AtomicBool::new(false),
            });
            let incoming = tokio_stream::once(Ok::<_, std::io::Error>(stream));
            // An error here is the peer's hanging up.
            let _ = tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await;
        }
        Boot::Hang | Boot::Die { .. } => std::future::pending().await,
        Boot::Garbage(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let mut sink = [0; 4096];
            while matches!(stream.read(&mut sink).await, Ok(1..)) {}
        }
    }
}

struct FakeAgent {
    guest: Guest,
    token: Option<AgentToken>,
    exit: ExitReporter,
    signals: broadcast::Sender<SignalRequest>,
    has_container: AtomicBool,
}

#[tonic::async_trait]
impl Agent for FakeAgent {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let request = request.into_inner();
        let known = self.token.as_ref().is_some_and(|token| token.matches(&request.token));
        self.guest.observe().hellos.push(request);
        if !known {
            return Err(Status::permission_denied("this is not the machine's token"));
        }
        Ok(Response::new(HelloResponse {
            protocol_version: PROTOCOL_VERSION,
            agent_version: "fake".to_owned(),
            kernel_release: "0.0.0-fake".to_owned(),
            ..HelloResponse::default()
        }))
    }

    async fn create_container(
        &self,
        request: Request<CreateContainerRequest>,
    ) -> Result<Response<CreateContainerResponse>, Status> {
        if self.has_container.swap(true, Ordering::Relaxed) {
            return Err(Status::failed_precondition("this machine has its container"));
        }
        if let Some(refusal) = &self.guest.refusal {
            return Err(Status::internal(refusal.clone()));
        }
        self.guest.observe().containers.push(request.into_inner());
        Ok(Response::new(CreateContainerResponse::default()))
    }

    type RunStream = ReceiverStream<Result<RunResponse, Status>>;

    async fn run(&self, request: Request<Streaming<RunRequest>>) -> Result<Response<Self::RunStream>, Status> {
        let mut requests = request.into_inner();
        let first = requests.message().await?.and_then(|message| message.request);
        let Some(Run::Start(start)) = first else {
            return Err(Status::invalid_argument("the first request must be start"));
        };
        self.guest.observe().starts.push(start.clone());
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        let call = process::Call {
            requests,
            responses,
            signals: self.signals.subscribe(),
            start,
        };
        tokio::spawn(process::run(self.guest.clone(), call));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn signal(&self, request: Request<SignalRequest>) -> Result<Response<SignalResponse>, Status> {
        let request = request.into_inner();
        self.guest.observe().signals.push(request.clone());
        match self.signals.send(request) {
            Ok(_) => Ok(Response::new(SignalResponse {})),
            Err(_) => Err(Status::not_found("no such process")),
        }
    }

    async fn resize(&self, request: Request<ResizeRequest>) -> Result<Response<ResizeResponse>, Status> {
        self.guest.observe().resizes.push(request.into_inner());
        Ok(Response::new(ResizeResponse {}))
    }

    async fn adjust_clock(
        &self,
        request: Request<AdjustClockRequest>,
    ) -> Result<Response<AdjustClockResponse>, Status> {
        let time_unix_ns = self.guest.adjust_clock(request.into_inner().offset_ns);
        Ok(Response::new(AdjustClockResponse { time_unix_ns }))
    }

    async fn configure_interface(
        &self,
        request: Request<ConfigureInterfaceRequest>,
    ) -> Result<Response<ConfigureInterfaceResponse>, Status> {
        self.guest.observe().interfaces.push(request.into_inner());
        Ok(Response::new(ConfigureInterfaceResponse {}))
    }

    async fn release_interface(
        &self,
        request: Request<ReleaseInterfaceRequest>,
    ) -> Result<Response<ReleaseInterfaceResponse>, Status> {
        let ReleaseInterfaceRequest { device_address } = request.into_inner();
        let interfaces = &mut self.guest.observe().interfaces;
        interfaces.retain(|interface| interface.device_address != device_address);
        Ok(Response::new(ReleaseInterfaceResponse {}))
    }

    async fn set_names(&self, request: Request<SetNamesRequest>) -> Result<Response<SetNamesResponse>, Status> {
        self.guest.observe().names.push(request.into_inner());
        Ok(Response::new(SetNamesResponse {}))
    }

    async fn shutdown(&self, _: Request<ShutdownRequest>) -> Result<Response<ShutdownResponse>, Status> {
        self.guest.observe().shutdown_count += 1;
        let exit = self.exit.clone();
        tokio::spawn(async move {
            tokio::time::sleep(POWER_OFF_AFTER).await;
            exit.report(MachineExit::PowerOff);
        });
        Ok(Response::new(ShutdownResponse {}))
    }
}
