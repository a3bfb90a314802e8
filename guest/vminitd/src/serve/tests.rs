//! Admission of peers, tested over streams without a machine.

use container_agent::{AgentClient, AgentError};
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
    SocketRequest, SocketResponse, StatPathRequest, StatPathResponse, TrimRequest, TrimResponse, WriteTreeRequest,
    WriteTreeResponse,
};
use container_agent_api::{AGENT_TOKEN_BYTES, AgentToken, PROTOCOL_VERSION};
use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::*;

/// Time limit of each test: one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service that admits peers as the agent does and has no other call.
struct Doorkeeper(Peer);

fn greeting() -> HelloResponse {
    HelloResponse {
        protocol_version: PROTOCOL_VERSION,
        ..HelloResponse::default()
    }
}

type Answer<T> = Result<tonic::Response<T>, Status>;

#[tonic::async_trait]
impl Agent for Doorkeeper {
    type RunStream = ReceiverStream<Result<RunResponse, Status>>;

    async fn hello(&self, request: tonic::Request<HelloRequest>) -> Answer<HelloResponse> {
        self.0.admit(&request.into_inner().token)?;
        Ok(tonic::Response::new(greeting()))
    }

    async fn park(&self, request: tonic::Request<ParkRequest>) -> Answer<ParkResponse> {
        let token = request.into_inner().token.try_into().unwrap();
        self.0.leave(AgentToken::new(token));
        Ok(tonic::Response::new(ParkResponse {}))
    }

    async fn resume(&self, request: tonic::Request<ResumeRequest>) -> Answer<ResumeResponse> {
        self.0.admit(&request.into_inner().hello.unwrap_or_default().token)?;
        Ok(tonic::Response::new(ResumeResponse {
            hello: Some(greeting()),
            total_us: 0,
        }))
    }

    async fn create_container(&self, _: tonic::Request<CreateContainerRequest>) -> Answer<CreateContainerResponse> {
        Err(Status::unimplemented("create"))
    }

    async fn run(&self, _: tonic::Request<Streaming<RunRequest>>) -> Answer<Self::RunStream> {
        Err(Status::unimplemented("run"))
    }

    async fn signal(&self, _: tonic::Request<SignalRequest>) -> Answer<SignalResponse> {
        Ok(tonic::Response::new(SignalResponse {}))
    }

    async fn set_limits(&self, _: tonic::Request<SetLimitsRequest>) -> Answer<SetLimitsResponse> {
        Err(Status::unimplemented("set_limits"))
    }

    async fn set_paused(&self, _: tonic::Request<SetPausedRequest>) -> Answer<SetPausedResponse> {
        Err(Status::unimplemented("set_paused"))
    }

    async fn list_processes(&self, _: tonic::Request<ListProcessesRequest>) -> Answer<ListProcessesResponse> {
        Err(Status::unimplemented("list_processes"))
    }

    async fn read_statistics(&self, _: tonic::Request<ReadStatisticsRequest>) -> Answer<ReadStatisticsResponse> {
        Err(Status::unimplemented("read_statistics"))
    }

    async fn resize(&self, _: tonic::Request<ResizeRequest>) -> Answer<ResizeResponse> {
        Err(Status::unimplemented("resize"))
    }

    async fn adjust_clock(&self, _: tonic::Request<AdjustClockRequest>) -> Answer<AdjustClockResponse> {
        Err(Status::unimplemented("adjust_clock"))
    }

    async fn configure_interface(
        &self,
        _: tonic::Request<ConfigureInterfaceRequest>,
    ) -> Answer<ConfigureInterfaceResponse> {
        Err(Status::unimplemented("configure_interface"))
    }

    async fn release_interface(&self, _: tonic::Request<ReleaseInterfaceRequest>) -> Answer<ReleaseInterfaceResponse> {
        Err(Status::unimplemented("release_interface"))
    }

    async fn set_names(&self, _: tonic::Request<SetNamesRequest>) -> Answer<SetNamesResponse> {
        Err(Status::unimplemented("set_names"))
    }

    async fn shutdown(&self, _: tonic::Request<ShutdownRequest>) -> Answer<ShutdownResponse> {
        Err(Status::unimplemented("shutdown"))
    }

    async fn trim(&self, _: tonic::Request<TrimRequest>) -> Answer<TrimResponse> {
        Err(Status::unimplemented("trim"))
    }

    type FreezeStream = ReceiverStream<Result<FreezeResponse, Status>>;

    async fn freeze(&self, _: tonic::Request<FreezeRequest>) -> Answer<Self::FreezeStream> {
        Err(Status::unimplemented("freeze"))
    }

    type DialSocketStream = ReceiverStream<Result<SocketResponse, Status>>;

    async fn dial_socket(&self, _: tonic::Request<Streaming<SocketRequest>>) -> Answer<Self::DialSocketStream> {
        Err(Status::unimplemented("dial_socket"))
    }

    type AcceptSocketStream = ReceiverStream<Result<SocketResponse, Status>>;

    async fn accept_socket(&self, _: tonic::Request<Streaming<SocketRequest>>) -> Answer<Self::AcceptSocketStream> {
        Err(Status::unimplemented("accept_socket"))
    }

    async fn announce_changes(&self, _: tonic::Request<AnnounceChangesRequest>) -> Answer<AnnounceChangesResponse> {
        Err(Status::unimplemented("announce_changes"))
    }

    async fn stat_path(&self, _: tonic::Request<StatPathRequest>) -> Answer<StatPathResponse> {
        Err(Status::unimplemented("stat_path"))
    }

    type ReadTreeStream = ReceiverStream<Result<ReadTreeResponse, Status>>;

    async fn read_tree(&self, _: tonic::Request<ReadTreeRequest>) -> Answer<Self::ReadTreeStream> {
        Err(Status::unimplemented("read_tree"))
    }

    async fn write_tree(&self, _: tonic::Request<Streaming<WriteTreeRequest>>) -> Answer<WriteTreeResponse> {
        Err(Status::unimplemented("write_tree"))
    }

    async fn begin_step(&self, _: tonic::Request<BeginStepRequest>) -> Answer<BeginStepResponse> {
        Err(Status::unimplemented("begin_step"))
    }

    async fn seal_step(&self, _: tonic::Request<SealStepRequest>) -> Answer<SealStepResponse> {
        Err(Status::unimplemented("seal_step"))
    }

    async fn add_archive(&self, _: tonic::Request<Streaming<AddArchiveRequest>>) -> Answer<AddArchiveResponse> {
        Err(Status::unimplemented("add_archive"))
    }
}

struct Arrivals(mpsc::Receiver<(DuplexStream, u32)>);

impl Listener for Arrivals {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, u32)> {
        self.0.recv().await.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

/// An agent that listens, and a way to connect to it.
struct Guest {
    door: mpsc::Sender<(DuplexStream, u32)>,
    task: JoinHandle<io::Result<Standing>>,
}

fn token() -> AgentToken {
    AgentToken::new([7; AGENT_TOKEN_BYTES])
}

impl Guest {
    fn listening(hello_limit: Duration) -> Self {
        Self::listening_for(&Admission::new(token()), hello_limit)
    }

    fn listening_for(admission: &Admission, hello_limit: Duration) -> Self {
        let (door, arrivals) = mpsc::channel(4);
        let admission = admission.clone();
        let task = tokio::spawn(async move {
            let agent = |peer: &Peer| AgentServer::new(Doorkeeper(peer.clone()));
            listen(Arrivals(arrivals), &admission, agent, hello_limit).await
        });
        Self { door, task }
    }

    /// How the host stood with the agent when it had gone.
    async fn parting(self) -> Standing {
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.expect("its end is the host's").unwrap().unwrap()
    }

    async fn connect(&self, cid: u32) -> DuplexStream {
        let (near, far) = duplex(64 << 10);
        self.door.send((far, cid)).await.unwrap();
        near
    }

    async fn greet(&self, cid: u32, token: &AgentToken) -> Result<AgentClient, AgentError> {
        AgentClient::connect(self.connect(cid).await.into(), token, PATIENCE).await
    }
}

async fn is_hung_up(mut stream: DuplexStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .is_ok()
}

#[tokio::test]
async fn after_the_host_is_admitted_no_peer_is_accepted() {
    let guest = Guest::listening(PATIENCE);
    let client = guest.greet(VMADDR_CID_HOST, &token()).await.unwrap();
    tokio::time::timeout(PATIENCE, guest.door.closed())
        .await
        .expect("the listener is closed");
    client.signal("", 9).await.unwrap();
    drop(client);
    assert_eq!(guest.parting().await, Standing::Admitted);
}

#[tokio::test]
async fn a_peer_with_another_address_is_refused_even_with_the_token() {
    let guest = Guest::listening(PATIENCE);
    for cid in [1, 3, u32::MAX] {
        let error = guest.greet(cid, &token()).await.unwrap_err();
        assert!(matches!(error, AgentError::Broken { .. }), "{cid}: {error:?}");
    }
    assert!(guest.greet(VMADDR_CID_HOST, &token()).await.is_ok());
}

#[tokio::test]
async fn a_peer_with_another_token_is_refused_and_the_host_comes_after_it() {
    let guest = Guest::listening(PATIENCE);
    let other = AgentToken::new([8; AGENT_TOKEN_BYTES]);
    let error = guest.greet(VMADDR_CID_HOST, &other).await.unwrap_err();
    assert!(
        matches!(
            &error,
            AgentError::Refused {
                code: Code::PermissionDenied,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(guest.greet(VMADDR_CID_HOST, &token()).await.is_ok());
}

#[tokio::test]
async fn a_silent_peer_is_disconnected() {
    let guest = Guest::listening(Duration::from_millis(20));
    let silent = guest.connect(VMADDR_CID_HOST).await;
    assert!(is_hung_up(silent).await);
    assert!(!guest.door.is_closed(), "it goes on listening");
}

#[tokio::test]
async fn after_a_host_has_parked_the_machine_and_gone_the_next_one_is_known_by_another_token() {
    let admission = Admission::new(token());
    let guest = Guest::listening_for(&admission, PATIENCE);
    let next = AgentToken::new([9; AGENT_TOKEN_BYTES]);
    let client = guest.greet(VMADDR_CID_HOST, &token()).await.unwrap();
    client.clone().park(&next, &[]).await.unwrap();
    let error = client.signal("", 9).await.unwrap_err();
    assert!(
        matches!(
            &error,
            AgentError::Refused {
                code: Code::FailedPrecondition,
                ..
            }
        ),
        "{error:?}"
    );
    drop(client);
    assert_eq!(guest.parting().await, Standing::Left);

    let guest = Guest::listening_for(&admission, PATIENCE);
    let resume = async |token: &AgentToken| {
        let stream = guest.connect(VMADDR_CID_HOST).await.into();
        AgentClient::resume(stream, token, ResumeRequest::default(), None, PATIENCE).await
    };
    let error = resume(&token()).await.unwrap_err();
    assert!(
        matches!(
            &error,
            AgentError::Refused {
                code: Code::PermissionDenied,
                ..
            }
        ),
        "{error:?}"
    );
    let (client, _) = resume(&next).await.unwrap();
    client.signal("", 9).await.unwrap();
    drop(client);
    assert_eq!(guest.parting().await, Standing::Admitted);
}
