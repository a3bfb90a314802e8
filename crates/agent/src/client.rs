//! The client and its calls.

mod network;

use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_agent_api::v1::agent_client::AgentClient as GrpcClient;
use container_agent_api::v1::{
    AdjustClockRequest, CreateContainerRequest, CreateContainerResponse, HelloRequest, HelloResponse, ResizeRequest,
    ShutdownRequest, SignalRequest, StartProcess, WindowSize,
};
use container_agent_api::{AgentToken, PROTOCOL_VERSION, check_version};
use container_stream::ByteStream;
use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};

use crate::error::{AgentError, RunError, clean, system_reason};
use crate::preface::{CheckedStream, Sample};
use crate::process::{self, RunningProcess};

/// Largest message taken from the guest, bytes.
const MESSAGE_MAX_BYTES: usize = 1 << 20;

/// HTTP/2 window of one stream, bytes: how much output of one process may be on its way. It bounds what a launcher holds in memory for
/// a client that does not read.
const STREAM_WINDOW_BYTES: u32 = 512 << 10;

/// HTTP/2 window of the connection, bytes: so large that only the windows of the streams count, all of which this side opens.
/// Otherwise a few processes whose output is not read would use it up and stop all other calls.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;

/// Limit of CreateContainer: mounting many layers takes long under emulation.
const CREATE_CONTAINER_TIMEOUT: Duration = Duration::from_secs(60);

/// Limit of the start of a process: its program may have to be read from a slow disk of the host.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Limit of the calls that the agent answers at once.
const SHORT_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to the agent of one machine. Clones share it.
#[derive(Debug, Clone)]
pub struct AgentClient {
    grpc: GrpcClient<Channel>,
    hello: HelloResponse,
}

impl AgentClient {
    /// Connects to the agent at the other end of `stream`: shows it the machine's `token`, compares versions and sets the guest's
    /// clock. `timeout` bounds all of it, the guest's boot included when the stream was opened before it.
    ///
    /// # Errors
    /// [`AgentError::Timeout`], [`AgentError::NotAnAgent`], [`AgentError::Version`], [`AgentError::Broken`] or
    /// [`AgentError::Refused`], the latter with [`tonic::Code::PermissionDenied`] for a wrong token.
    pub async fn connect(stream: ByteStream, token: &AgentToken, timeout: Duration) -> Result<Self, AgentError> {
        let sample = Sample::default();
        let result = bounded("Hello", timeout, handshake(stream, token, sample.clone())).await;
        match (result, sample.get()) {
            (Err(_), Some(received)) => Err(AgentError::NotAnAgent {
                received: received.clone(),
            }),
            (result, _) => result,
        }
    }

    /// The agent's answer to Hello: its version, its kernel and its capabilities.
    #[must_use]
    pub fn hello(&self) -> &HelloResponse {
        &self.hello
    }

    /// Makes the machine's container ready: disks, overlay, mounts, cgroup. Once per machine.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn create_container(
        &self,
        request: CreateContainerRequest,
    ) -> Result<CreateContainerResponse, AgentError> {
        let mut grpc = self.grpc.clone();
        unary(
            "CreateContainer",
            CREATE_CONTAINER_TIMEOUT,
            grpc.create_container(request),
        )
        .await
    }

    /// Starts a process and returns once its program has been executed.
    ///
    /// # Errors
    /// [`RunError::NotStarted`] when the guest cannot start it, [`RunError::Agent`] when the call fails.
    pub async fn run(&self, start: StartProcess) -> Result<RunningProcess, RunError> {
        let started = process::start(self.grpc.clone(), start);
        match tokio::time::timeout(START_TIMEOUT, started).await {
            Ok(result) => result,
            Err(_) => Err(AgentError::Timeout {
                call: "Run",
                after: START_TIMEOUT,
            }
            .into()),
        }
    }

    /// Sends `signal` (the guest's number) to one process, or to every process of the container when `process_id` is
    /// empty.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::NotFound`] when there is no such process.
    pub async fn signal(&self, process_id: &str, signal: u32) -> Result<(), AgentError> {
        let request = SignalRequest {
            process_id: process_id.to_owned(),
            signal,
        };
        let mut grpc = self.grpc.clone();
        unary("Signal", SHORT_CALL_TIMEOUT, grpc.signal(request))
            .await
            .map(drop)
    }

    /// Sets the window size of a process that has a terminal.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn resize(&self, process_id: &str, window_size: WindowSize) -> Result<(), AgentError> {
        let request = ResizeRequest {
            process_id: process_id.to_owned(),
            window_size: Some(window_size),
        };
        let mut grpc = self.grpc.clone();
        unary("Resize", SHORT_CALL_TIMEOUT, grpc.resize(request))
            .await
            .map(drop)
    }

    /// Moves the guest's wall clock by `offset_ns` nanoseconds, zero to leave it, and returns what it shows then, nanoseconds
    /// since 1970.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn adjust_clock(&self, offset_ns: i64) -> Result<u64, AgentError> {
        let mut grpc = self.grpc.clone();
        let request = AdjustClockRequest { offset_ns };
        let response = unary("AdjustClock", SHORT_CALL_TIMEOUT, grpc.adjust_clock(request)).await?;
        Ok(response.time_unix_ns)
    }

    /// Asks the guest to kill all processes, flush and unmount the file systems, and power itself off. Returns with its answer, just
    /// before the machine ends.
    ///
    /// # Errors
    /// [`AgentError`]; the caller then has to kill the machine.
    pub async fn shutdown(&self, timeout: Duration) -> Result<(), AgentError> {
        let mut grpc = self.grpc.clone();
        unary("Shutdown", timeout, grpc.shutdown(ShutdownRequest {}))
            .await
            .map(drop)
    }
}

async fn handshake(stream: ByteStream, token: &AgentToken, sample: Sample) -> Result<AgentClient, AgentError> {
    let call = "Hello";
    let slot = Mutex::new(Some(CheckedStream::new(stream, sample)));
    // There is one stream. tonic asks for a second one after the first has broken, and gets an error.
    let connector = tower::service_fn(move |_| {
        let stream = slot.lock().ok().and_then(|mut slot| slot.take());
        std::future::ready(
            stream
                .map(TokioIo::new)
                .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected)),
        )
    });
    let channel = Endpoint::from_static("http://agent.invalid")
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .connect_with_connector(connector)
        .await
        .map_err(|error| AgentError::Broken {
            call,
            reason: system_reason(&error),
        })?;
    let mut grpc = GrpcClient::new(channel).max_decoding_message_size(MESSAGE_MAX_BYTES);
    let time_unix_ns = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since_epoch| u64::try_from(since_epoch.as_nanos()).ok())
        .unwrap_or_default();
    let request = HelloRequest {
        protocol_version: PROTOCOL_VERSION,
        time_unix_ns,
        token: token.to_bytes(),
    };
    let mut hello = grpc
        .hello(request)
        .await
        .map(Response::into_inner)
        .map_err(|status| AgentError::from_status(call, &status))?;
    check_version(hello.protocol_version).map_err(AgentError::Version)?;
    hello.agent_version = clean(&hello.agent_version);
    hello.kernel_release = clean(&hello.kernel_release);
    Ok(AgentClient { grpc, hello })
}

async fn unary<T>(
    call: &'static str,
    timeout: Duration,
    response: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, AgentError> {
    let answer = async { response.await.map_err(|status| AgentError::from_status(call, &status)) };
    bounded(call, timeout, answer).await.map(Response::into_inner)
}

async fn bounded<T>(
    call: &'static str,
    after: Duration,
    future: impl Future<Output = Result<T, AgentError>>,
) -> Result<T, AgentError> {
    tokio::time::timeout(after, future)
        .await
        .unwrap_or(Err(AgentError::Timeout { call, after }))
}
