//! Admission of peers, tested over streams without a machine.

use container_agent::{AgentClient, AgentError};
use container_agent_api::v1::agent_server::Agent;
use container_agent_api::v1::{
    AdjustClockRequest, AdjustClockResponse, ConfigureInterfaceRequest, ConfigureInterfaceResponse,
    CreateContainerRequest, CreateContainerResponse, HelloRequest, HelloResponse, ReleaseInterfaceRequest,
    ReleaseInterfaceResponse, ResizeRequest, ResizeResponse, RunRequest, RunResponse, SetNamesRequest,
    SetNamesResponse, ShutdownRequest, ShutdownResponse, SignalRequest, SignalResponse,
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

type Answer<T> = Result<tonic::Response<T>, Status>;

#[tonic::async_trait]
impl Agent for Doorkeeper {
    type RunStream = ReceiverStream<Result<RunResponse, Status>>;

    async fn hello(&self, request: tonic::Request<HelloRequest>) -> Answer<HelloResponse> {
        self.0.admit(&request.into_inner().token)?;
        Ok(tonic::Response::new(HelloResponse {
            protocol_version: PROTOCOL_VERSION,
            ..HelloResponse::default()
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
    task: JoinHandle<io::Result<()>>,
}

fn token() -> AgentToken {
    AgentToken::new([7; AGENT_TOKEN_BYTES])
}

impl Guest {
    fn listening(hello_limit: Duration) -> Self {
        let (door, arrivals) = mpsc::channel(4);
        let task = tokio::spawn(async move {
            let agent = |peer: &Peer| AgentServer::new(Doorkeeper(peer.clone()));
            listen(Arrivals(arrivals), &Admission::new(token()), agent, hello_limit).await
        });
        Self { door, task }
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
    let ended = tokio::time::timeout(PATIENCE, guest.task).await;
    ended.expect("its end is the host's").unwrap().unwrap();
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
