//! The agent's end of the stream.

use std::time::Duration;

use container_agent_api::v1::agent_server::{Agent, AgentServer};
use container_agent_api::v1::{
    AddArchiveRequest, AddArchiveResponse, AdjustClockRequest, AdjustClockResponse, AnnounceChangesRequest,
    AnnounceChangesResponse, BeginStepRequest, BeginStepResponse, ConfigureInterfaceRequest,
    ConfigureInterfaceResponse, CreateContainerRequest, CreateContainerResponse, FileKind, FreezeRequest,
    FreezeResponse, HelloRequest, HelloResponse, ListProcessesRequest, ListProcessesResponse, ParkRequest,
    ParkResponse, ProcessInfo, ReadStatisticsRequest, ReadStatisticsResponse, ReadTreeRequest, ReadTreeResponse,
    ReleaseInterfaceRequest, ReleaseInterfaceResponse, ResizeRequest, ResizeResponse, ResumeRequest, ResumeResponse,
    RunRequest, RunResponse, SealStepRequest, SealStepResponse, SetLimitsRequest, SetLimitsResponse, SetNamesRequest,
    SetNamesResponse, SetPausedRequest, SetPausedResponse, ShutdownRequest, ShutdownResponse, SignalRequest,
    SignalResponse, SocketRequest, StatPathRequest, StatPathResponse, TrimRequest, TrimResponse, WriteTreeRequest,
    WriteTreeResponse, add_archive_request::Request as Add, run_request::Request as Run,
    write_tree_request::Request as Write,
};
use container_agent_api::{PROTOCOL_VERSION, TREE_CHUNK_BYTES};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::guest::{Boot, Guest};
use super::process;
use super::socket;
use super::template::AgentMemory;
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
    memory: AgentMemory,
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
                memory,
                exit,
                signals,
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
    memory: AgentMemory,
    exit: ExitReporter,
    signals: broadcast::Sender<SignalRequest>,
}

fn greeting() -> HelloResponse {
    HelloResponse {
        protocol_version: PROTOCOL_VERSION,
        agent_version: "fake".to_owned(),
        kernel_release: "0.0.0-fake".to_owned(),
        ..HelloResponse::default()
    }
}

#[tonic::async_trait]
impl Agent for FakeAgent {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let request = request.into_inner();
        if self.memory.keep().parked {
            return Err(Status::failed_precondition("this machine is parked"));
        }
        let known = self.memory.knows(&request.token);
        self.guest.observe().hellos.push(request);
        if !known {
            return Err(Status::permission_denied("this is not the machine's token"));
        }
        Ok(Response::new(greeting()))
    }

    async fn park(&self, request: Request<ParkRequest>) -> Result<Response<ParkResponse>, Status> {
        let request = request.into_inner();
        self.guest.observe().parks.push(request.clone());
        match self.memory.park(&request.token) {
            true => Ok(Response::new(ParkResponse {})),
            false => Err(Status::failed_precondition(
                "something has run, or this machine is parked",
            )),
        }
    }

    async fn resume(&self, request: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        let request = request.into_inner();
        self.guest.observe().resumes.push(request.clone());
        if !self.memory.keep().parked {
            return Err(Status::failed_precondition("this machine is not parked"));
        }
        if !self.memory.knows(&request.hello.unwrap_or_default().token) {
            return Err(Status::permission_denied("this is not the machine's token"));
        }
        if request.without_container == self.memory.keep().has_container {
            return Err(Status::failed_precondition("it is not as this machine was parked"));
        }
        if let Some(refusal) = &self.guest.resume_refusal {
            return Err(Status::internal(refusal.clone()));
        }
        self.memory.keep().parked = false;
        Ok(Response::new(ResumeResponse {
            hello: Some(greeting()),
            total_us: 0,
        }))
    }

    async fn create_container(
        &self,
        request: Request<CreateContainerRequest>,
    ) -> Result<Response<CreateContainerResponse>, Status> {
        if self.memory.keep().parked {
            return Err(Status::failed_precondition("this machine is parked"));
        }
        if std::mem::replace(&mut self.memory.keep().has_container, true) {
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
        if !self.memory.begin_to_run() {
            return Err(Status::failed_precondition("this machine is parked"));
        }
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

    async fn set_limits(&self, request: Request<SetLimitsRequest>) -> Result<Response<SetLimitsResponse>, Status> {
        let files = request.into_inner().files;
        let refused = self.guest.limits_refusal.as_ref();
        if let Some((_, refusal)) = refused.filter(|(name, _)| files.iter().any(|file| file.name == *name)) {
            return Err(Status::failed_precondition(refusal.clone()));
        }
        self.guest.observe().limits.push(files);
        Ok(Response::new(SetLimitsResponse {}))
    }

    async fn set_paused(&self, request: Request<SetPausedRequest>) -> Result<Response<SetPausedResponse>, Status> {
        self.guest.observe().pauses.push(request.into_inner().paused);
        Ok(Response::new(SetPausedResponse {}))
    }

    /// Those that have been started, whether they have ended or not.
    async fn list_processes(
        &self,
        _: Request<ListProcessesRequest>,
    ) -> Result<Response<ListProcessesResponse>, Status> {
        let observed = self.guest.observe();
        let processes = observed.starts.iter().zip(1..).map(|(start, pid)| ProcessInfo {
            pid,
            command: start
                .spec
                .iter()
                .flat_map(|spec| &spec.arguments)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
            ..ProcessInfo::default()
        });
        Ok(Response::new(ListProcessesResponse {
            processes: processes.collect(),
            omitted_count: 0,
        }))
    }

    /// Two figures, and none of what a kernel may not tell.
    async fn read_statistics(
        &self,
        _: Request<ReadStatisticsRequest>,
    ) -> Result<Response<ReadStatisticsResponse>, Status> {
        Ok(Response::new(ReadStatisticsResponse {
            uptime_us: 1_000_000,
            process_count: u64::try_from(self.guest.observe().starts.len()).ok(),
            ..ReadStatisticsResponse::default()
        }))
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

    async fn announce_changes(
        &self,
        _: Request<AnnounceChangesRequest>,
    ) -> Result<Response<AnnounceChangesResponse>, Status> {
        Ok(Response::new(AnnounceChangesResponse {}))
    }

    async fn stat_path(&self, request: Request<StatPathRequest>) -> Result<Response<StatPathResponse>, Status> {
        let trees = &self.guest.observe().trees;
        Ok(Response::new(StatPathResponse {
            kind: trees
                .get(&request.into_inner().path)
                .map_or(FileKind::Unspecified, |_| FileKind::Directory)
                .into(),
            ..StatPathResponse::default()
        }))
    }

    type ReadTreeStream = ReceiverStream<Result<ReadTreeResponse, Status>>;

    async fn read_tree(&self, request: Request<ReadTreeRequest>) -> Result<Response<Self::ReadTreeStream>, Status> {
        let path = request.into_inner().path;
        let archive = self.guest.observe().trees.get(&path).cloned();
        let archive = archive.ok_or_else(|| Status::aborted("no such file or directory"))?;
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        tokio::spawn(async move {
            for chunk in archive.chunks(TREE_CHUNK_BYTES) {
                let chunk = chunk.to_vec();
                let _ = responses.send(Ok(ReadTreeResponse { chunk })).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn write_tree(
        &self,
        request: Request<Streaming<WriteTreeRequest>>,
    ) -> Result<Response<WriteTreeResponse>, Status> {
        let mut requests = request.into_inner();
        let (mut path, mut archive) = (Vec::new(), Vec::new());
        loop {
            match requests.message().await?.and_then(|message| message.request) {
                Some(Write::Open(open)) => path = open.directory,
                Some(Write::Chunk(chunk)) => archive.extend(chunk),
                Some(Write::End(_)) => break,
                None => return Err(Status::cancelled("the archive was cut off")),
            }
        }
        self.guest.observe().trees.insert(path, archive);
        Ok(Response::new(WriteTreeResponse {}))
    }

    async fn begin_step(&self, request: Request<BeginStepRequest>) -> Result<Response<BeginStepResponse>, Status> {
        let request = request.into_inner();
        let mut observed = self.guest.observe();
        match observed.containers.last().is_some_and(|container| container.steps) {
            true => observed.steps.push(request),
            false => return Err(Status::failed_precondition("this machine is not there for steps")),
        }
        Ok(Response::new(BeginStepResponse::default()))
    }

    async fn seal_step(&self, _: Request<SealStepRequest>) -> Result<Response<SealStepResponse>, Status> {
        let observed = &mut self.guest.observe();
        observed.sealed_count += 1;
        Ok(Response::new(SealStepResponse {
            number: observed.sealed_count,
        }))
    }

    async fn add_archive(
        &self,
        request: Request<Streaming<AddArchiveRequest>>,
    ) -> Result<Response<AddArchiveResponse>, Status> {
        let mut requests = request.into_inner();
        let (mut use_of, mut archive) = (None, Vec::new());
        loop {
            match requests.message().await?.and_then(|message| message.request) {
                Some(Add::Open(open)) => use_of = open.r#use,
                Some(Add::Chunk(chunk)) => archive.extend(chunk),
                Some(Add::End(_)) => break,
                None => return Err(Status::cancelled("the archive was cut off")),
            }
        }
        let use_of = use_of.ok_or_else(|| Status::invalid_argument("for what?"))?;
        self.guest.observe().archives.push((use_of, archive));
        Ok(Response::new(AddArchiveResponse::default()))
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

    async fn trim(&self, _: Request<TrimRequest>) -> Result<Response<TrimResponse>, Status> {
        Ok(Response::new(TrimResponse {
            trimmed_bytes: self.guest.trimmed_bytes.clone(),
        }))
    }

    type FreezeStream = ReceiverStream<Result<FreezeResponse, Status>>;

    async fn freeze(&self, _: Request<FreezeRequest>) -> Result<Response<Self::FreezeStream>, Status> {
        let (responses, receiver) = mpsc::channel(RESPONSE_QUEUE);
        let guest = self.guest.clone();
        guest.observe().frozen_count += 1;
        tokio::spawn(async move {
            let _ = responses.send(Ok(FreezeResponse {})).await;
            responses.closed().await;
            guest.observe().thawed_count += 1;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    type DialSocketStream = socket::ResponseStream;

    async fn dial_socket(
        &self,
        request: Request<Streaming<SocketRequest>>,
    ) -> Result<Response<Self::DialSocketStream>, Status> {
        Ok(Response::new(self.guest.sockets.answer(request.into_inner()).await?))
    }

    type AcceptSocketStream = socket::ResponseStream;

    async fn accept_socket(
        &self,
        request: Request<Streaming<SocketRequest>>,
    ) -> Result<Response<Self::AcceptSocketStream>, Status> {
        Ok(Response::new(self.guest.sockets.answer(request.into_inner()).await?))
    }
}
