//! Launchers of other releases, as the control protocol's handshake meets them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::attach_request::Request as Attach;
use container_launcher::control::v1::control_server::{Control, ControlServer};
use container_launcher::control::v1::exec_request::Request as Exec;
use container_launcher::control::v1::exec_response::Response as ExecEvent;
use container_launcher::control::v1::{
    AddArchiveRequest, AddArchiveResponse, AttachOpen, AttachRequest, AttachResponse, ConnectNetworkRequest,
    ConnectNetworkResponse, Detach, DisconnectNetworkRequest, DisconnectNetworkResponse, EndWithHostRequest,
    EndWithHostResponse, ExecOpen, ExecRequest, ExecResponse, FreezeRequest, FreezeResponse, HelloRequest,
    HelloResponse, ListProcessesRequest, ListProcessesResponse, ReadStatisticsRequest, ReadStatisticsResponse,
    ReadTreeRequest, ReadTreeResponse, ResizeRequest, ResizeResponse, RunStepRequest, SealStepRequest,
    SealStepResponse, SetPausedRequest, SetPausedResponse, SignalRequest, SignalResponse, StartRequest, StartResponse,
    StatPathRequest, StatPathResponse, StatusRequest, StatusResponse, StopRequest, StopResponse, TrimRequest,
    TrimResponse, UpdateRequest, UpdateResponse, VersionRange, WaitRequest, WaitResponse, WriteTreeRequest,
    WriteTreeResponse,
};
use container_launcher::control::{self, ConnectError, ControlClient, PROGRAM_VERSION, SPOKEN_VERSIONS};
use container_model::Phase;
use harness::{World, attach};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status, Streaming};

/// What a launcher of another release answers to `Hello`; everything else is done by one of ours.
struct OtherRelease {
    hello: Result<HelloResponse, Status>,
    launcher: ControlClient,
}

/// The requests of a client's stream, until it breaks.
fn requests<T: Send + 'static>(request: Request<Streaming<T>>) -> impl tokio_stream::Stream<Item = T> + Send {
    request.into_inner().map_while(Result::ok)
}

#[tonic::async_trait]
impl Control for OtherRelease {
    type AttachStream = Streaming<AttachResponse>;
    type ExecStream = Streaming<ExecResponse>;
    type ReadTreeStream = Streaming<ReadTreeResponse>;

    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        self.hello.clone().map(Response::new)
    }

    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        self.launcher.clone().status(request).await
    }

    async fn start(&self, request: Request<StartRequest>) -> Result<Response<StartResponse>, Status> {
        self.launcher.clone().start(request).await
    }

    async fn attach(&self, request: Request<Streaming<AttachRequest>>) -> Result<Response<Self::AttachStream>, Status> {
        self.launcher.clone().attach(requests(request)).await
    }

    async fn exec(&self, request: Request<Streaming<ExecRequest>>) -> Result<Response<Self::ExecStream>, Status> {
        self.launcher.clone().exec(requests(request)).await
    }

    async fn signal(&self, request: Request<SignalRequest>) -> Result<Response<SignalResponse>, Status> {
        self.launcher.clone().signal(request).await
    }

    async fn resize(&self, request: Request<ResizeRequest>) -> Result<Response<ResizeResponse>, Status> {
        self.launcher.clone().resize(request).await
    }

    async fn stop(&self, request: Request<StopRequest>) -> Result<Response<StopResponse>, Status> {
        self.launcher.clone().stop(request).await
    }

    async fn end_with_host(
        &self,
        request: Request<EndWithHostRequest>,
    ) -> Result<Response<EndWithHostResponse>, Status> {
        self.launcher.clone().end_with_host(request).await
    }

    async fn set_paused(&self, request: Request<SetPausedRequest>) -> Result<Response<SetPausedResponse>, Status> {
        self.launcher.clone().set_paused(request).await
    }

    async fn update(&self, request: Request<UpdateRequest>) -> Result<Response<UpdateResponse>, Status> {
        self.launcher.clone().update(request).await
    }

    async fn list_processes(
        &self,
        request: Request<ListProcessesRequest>,
    ) -> Result<Response<ListProcessesResponse>, Status> {
        self.launcher.clone().list_processes(request).await
    }

    async fn read_statistics(
        &self,
        request: Request<ReadStatisticsRequest>,
    ) -> Result<Response<ReadStatisticsResponse>, Status> {
        self.launcher.clone().read_statistics(request).await
    }

    async fn connect_network(
        &self,
        request: Request<ConnectNetworkRequest>,
    ) -> Result<Response<ConnectNetworkResponse>, Status> {
        self.launcher.clone().connect_network(request).await
    }

    async fn disconnect_network(
        &self,
        request: Request<DisconnectNetworkRequest>,
    ) -> Result<Response<DisconnectNetworkResponse>, Status> {
        self.launcher.clone().disconnect_network(request).await
    }

    async fn wait(&self, request: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        self.launcher.clone().wait(request).await
    }

    async fn trim(&self, request: Request<TrimRequest>) -> Result<Response<TrimResponse>, Status> {
        self.launcher.clone().trim(request).await
    }

    type FreezeStream = Streaming<FreezeResponse>;

    async fn freeze(&self, request: Request<FreezeRequest>) -> Result<Response<Self::FreezeStream>, Status> {
        self.launcher.clone().freeze(request).await
    }

    async fn stat_path(&self, request: Request<StatPathRequest>) -> Result<Response<StatPathResponse>, Status> {
        self.launcher.clone().stat_path(request).await
    }

    async fn read_tree(&self, request: Request<ReadTreeRequest>) -> Result<Response<Self::ReadTreeStream>, Status> {
        self.launcher.clone().read_tree(request).await
    }

    type RunStepStream = Streaming<ExecResponse>;

    async fn run_step(
        &self,
        request: Request<Streaming<RunStepRequest>>,
    ) -> Result<Response<Self::RunStepStream>, Status> {
        self.launcher.clone().run_step(requests(request)).await
    }

    async fn seal_step(&self, request: Request<SealStepRequest>) -> Result<Response<SealStepResponse>, Status> {
        self.launcher.clone().seal_step(request).await
    }

    async fn add_archive(
        &self,
        request: Request<Streaming<AddArchiveRequest>>,
    ) -> Result<Response<AddArchiveResponse>, Status> {
        self.launcher.clone().add_archive(requests(request)).await
    }

    async fn write_tree(
        &self,
        request: Request<Streaming<WriteTreeRequest>>,
    ) -> Result<Response<WriteTreeResponse>, Status> {
        self.launcher.clone().write_tree(requests(request)).await
    }
}

/// Puts the other release in the way to the container's launcher.
fn interpose(world: &World, hello: Result<HelloResponse, Status>, launcher: ControlClient) -> JoinHandle<()> {
    let socket = world.paths().runtime().join("other.sock");
    let link = world.store().bundle(world.id()).control_link();
    let listener = UnixListener::bind(&socket).unwrap();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&socket, &link).unwrap();
    let service = ControlServer::new(OtherRelease { hello, launcher });
    tokio::spawn(async move {
        tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(UnixListenerStream::new(listener))
            .await
            .unwrap();
    })
}

fn answer(versions: Option<VersionRange>) -> HelloResponse {
    HelloResponse {
        versions,
        program_version: "9.8.7".to_owned(),
    }
}

fn until_signal() -> Guest {
    Guest::running(|start| match start.process_id.as_str() {
        "exec-1" => Process::exits(5).with_stdout("hello"),
        _ => Process::ends(Outcome::UntilSignal { ignores: Vec::new() }),
    })
}

#[tokio::test]
async fn a_launcher_of_this_release_says_what_it_speaks() {
    let world = World::new(|_| {});
    let mut launcher = world.launch(&until_signal());
    launcher.client.start(StartRequest {}).await.unwrap();
    let mut client = control::connect(&world.paths(), world.id()).await.unwrap();
    assert_eq!(client.version(), SPOKEN_VERSIONS.newest);
    let hello = client.hello(HelloRequest::default()).await.unwrap().into_inner();
    assert_eq!(hello.versions, Some(SPOKEN_VERSIONS));
    assert_eq!(hello.program_version, PROGRAM_VERSION);
    client.stop(StopRequest::default()).await.unwrap();
    drop(client);
    launcher.ended().await;
}

#[tokio::test]
async fn a_launcher_without_hello_does_all_that_version_1_has() {
    let world = World::new(|_| {});
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let unknown = Err(Status::unimplemented(""));
    let other = interpose(&world, unknown, launcher.client.clone());

    let mut client = control::connect(&world.paths(), world.id()).await.unwrap();
    assert_eq!(client.version(), 1);
    let status = client.status(StatusRequest {}).await.unwrap().into_inner();
    assert_eq!(status.launcher_pid, std::process::id());
    let mut attached = attach(client.clone(), AttachOpen::default()).await;
    attached.next().await.expect("running");
    let open = ExecOpen {
        process_id: "exec-1".to_owned(),
        arguments: vec!["hello".to_owned()],
        ..ExecOpen::default()
    };
    let request = ExecRequest {
        request: Some(Exec::Open(open)),
    };
    let exec = tokio_stream::once(request).chain(tokio_stream::pending());
    let events: Vec<_> = client.exec(exec).await.unwrap().into_inner().collect().await;
    assert!(
        matches!(
            &events.last().unwrap().as_ref().unwrap().response,
            Some(ExecEvent::Exited(exit)) if exit.exit_code == 5
        ),
        "{events:?}"
    );
    attached.send(Attach::Detach(Detach {})).await;
    assert!(attached.finish().await.exit.is_none());
    // What `delete --force` does as well.
    let kill = SignalRequest {
        process_id: String::new(),
        signal: 9,
    };
    client.signal(kill).await.unwrap();
    let waited = client.wait(WaitRequest::default()).await.unwrap().into_inner();
    assert_eq!(waited.exit_status.unwrap().exit_code, 137);
    assert!(matches!(world.phase(), Phase::Stopped { .. }));
    other.abort();
    let _ = other.await;
    drop((client, attached));
    launcher.ended().await;
}

#[tokio::test]
async fn versions_without_an_overlap_are_told() {
    let newer = SPOKEN_VERSIONS.newest + 1;
    let range = |oldest, newest| Some(VersionRange { oldest, newest });
    for (versions, words) in [
        (range(newer, newer + 2), format!("versions {newer} to {}", newer + 2)),
        (range(newer, newer), format!("version {newer}")),
        (None, "version 0".to_owned()),
    ] {
        let world = World::new(|_| {});
        let mut launcher = world.launch(&until_signal());
        launcher.client.start(StartRequest {}).await.unwrap();
        let other = interpose(&world, Ok(answer(versions)), launcher.client.clone());
        let error = control::connect(&world.paths(), world.id()).await.unwrap_err();
        assert!(matches!(error, ConnectError::Versions { .. }), "{error:?}");
        let message = error.to_string();
        assert!(
            message.contains(&format!("container 9.8.7 and speaks {words} of")),
            "{message}"
        );
        assert!(message.contains(&SPOKEN_VERSIONS.to_string()), "{message}");
        assert!(matches!(world.phase(), Phase::Running { .. }), "it was left alone");
        other.abort();
        let _ = other.await;
        launcher.client.stop(StopRequest::default()).await.unwrap();
        launcher.ended().await;
    }
}

#[tokio::test]
async fn the_highest_common_version_is_spoken() {
    let world = World::new(|_| {});
    let mut launcher = world.launch(&until_signal());
    launcher.client.start(StartRequest {}).await.unwrap();
    let wider = VersionRange {
        oldest: SPOKEN_VERSIONS.oldest,
        newest: SPOKEN_VERSIONS.newest + 3,
    };
    let other = interpose(&world, Ok(answer(Some(wider))), launcher.client.clone());
    let client = control::connect(&world.paths(), world.id()).await.unwrap();
    assert_eq!(client.version(), SPOKEN_VERSIONS.newest);
    other.abort();
    let _ = other.await;
    drop(client);
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
}

#[tokio::test]
async fn a_launcher_that_refuses_the_handshake_is_told_as_such() {
    let world = World::new(|_| {});
    let mut launcher = world.launch(&until_signal());
    launcher.client.start(StartRequest {}).await.unwrap();
    let refusal = Err(Status::permission_denied("not for you\u{1b}[2J"));
    let other = interpose(&world, refusal, launcher.client.clone());
    let error = control::connect(&world.paths(), world.id()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Hello { .. }), "{error:?}");
    assert!(error.to_string().contains("not for you"), "{error}");
    assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    other.abort();
    let _ = other.await;
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
}
