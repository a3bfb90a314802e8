//! The client and its calls.

mod disks;
mod files;
mod network;
mod park;
mod share;
mod socket;
mod steps;

use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_agent_api::v1::agent_client::AgentClient as GrpcClient;
use container_agent_api::v1::{
    AdjustClockRequest, ControlFile, CreateContainerRequest, CreateContainerResponse, HelloRequest, HelloResponse,
    ListProcessesRequest, ListProcessesResponse, ReadStatisticsRequest, ReadStatisticsResponse, ResizeRequest,
    SetLimitsRequest, SetPausedRequest, ShutdownRequest, SignalRequest, StartProcess, WindowSize,
};
use container_agent_api::{AgentToken, PROTOCOL_VERSION, TREE_CHUNK_BYTES, check_version};
use container_stream::ByteStream;
use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};

use crate::error::{AgentError, RunError, clean, system_reason};
use crate::preface::{CheckedStream, Sample};
use crate::process::{self, RunningProcess};
pub use disks::FrozenDisks;

pub use files::TreeArchive;

/// Largest message taken from the guest, bytes.
const MESSAGE_MAX_BYTES: usize = 1 << 20;

/// HTTP/2 window of one stream, bytes: how much output of one process may be on its way. It bounds what a launcher holds in memory for
/// a client that does not read.
const STREAM_WINDOW_BYTES: u32 = 512 << 10;

/// Largest HTTP/2 frame taken from the guest, bytes: a chunk of an archive with what stands before it. In smaller ones each would be put together from many.
const FRAME_MAX_BYTES: u32 = 260 << 10;

const _: () = assert!(TREE_CHUNK_BYTES < FRAME_MAX_BYTES as usize && FRAME_MAX_BYTES <= STREAM_WINDOW_BYTES);

/// HTTP/2 window of the connection, bytes: so large that only the windows of the streams count, all of which this side opens.
/// Otherwise a few processes whose output is not read would use it up and stop all other calls.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;

/// Limit of CreateContainer: mounting many layers takes long under emulation.
const CREATE_CONTAINER_TIMEOUT: Duration = Duration::from_secs(60);

/// Limit of SetLimits: memory beyond a new limit is reclaimed first, and what is in it may have to be written to a slow disk of the host.
const SET_LIMITS_TIMEOUT: Duration = Duration::from_secs(60);

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
        first_call("Hello", timeout, &sample, handshake(stream, token, sample.clone())).await
    }

    /// The client of an agent that has answered the greeting so.
    fn greeted(grpc: GrpcClient<Channel>, mut hello: HelloResponse) -> Result<Self, AgentError> {
        check_version(hello.protocol_version).map_err(AgentError::Version)?;
        hello.agent_version = clean(&hello.agent_version);
        hello.kernel_release = clean(&hello.kernel_release);
        Ok(Self { grpc, hello })
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
        process::start(self.grpc.clone(), start).await
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

    /// Stops all processes of the container where they are, or lets them go on. Signals other than SIGKILL wait meanwhile.
    ///
    /// # Errors
    /// [`AgentError`]; they all go on when one of them did not stand still in time.
    pub async fn set_paused(&self, paused: bool) -> Result<(), AgentError> {
        let mut grpc = self.grpc.clone();
        unary(
            "SetPaused",
            SHORT_CALL_TIMEOUT,
            grpc.set_paused(SetPausedRequest { paused }),
        )
        .await
        .map(drop)
    }

    /// Says which processes the container has.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn list_processes(&self) -> Result<ListProcessesResponse, AgentError> {
        let mut grpc = self.grpc.clone();
        unary(
            "ListProcesses",
            SHORT_CALL_TIMEOUT,
            grpc.list_processes(ListProcessesRequest {}),
        )
        .await
    }

    /// Says what the container uses and has used.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn read_statistics(&self) -> Result<ReadStatisticsResponse, AgentError> {
        let mut grpc = self.grpc.clone();
        unary(
            "ReadStatistics",
            SHORT_CALL_TIMEOUT,
            grpc.read_statistics(ReadStatisticsRequest {}),
        )
        .await
    }

    /// Sets limits of the container's control group: all of them, or none.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::FailedPrecondition`] when the container uses more memory than it is to have.
    pub async fn set_limits(&self, files: Vec<ControlFile>) -> Result<(), AgentError> {
        let mut grpc = self.grpc.clone();
        unary(
            "SetLimits",
            SET_LIMITS_TIMEOUT,
            grpc.set_limits(SetLimitsRequest { files }),
        )
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
    let mut grpc = open(call, stream, sample).await?;
    let answer = grpc.hello(hello_request(token)).await;
    let hello = answer.map_err(|status| AgentError::from_status(call, &status))?;
    AgentClient::greeted(grpc, hello.into_inner())
}

/// A client on `stream`, to which nothing has been said.
async fn open(call: &'static str, stream: ByteStream, sample: Sample) -> Result<GrpcClient<Channel>, AgentError> {
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
        .max_frame_size(FRAME_MAX_BYTES)
        .connect_with_connector(connector)
        .await
        .map_err(|error| AgentError::Broken {
            call,
            reason: system_reason(&error),
        })?;
    Ok(GrpcClient::new(channel).max_decoding_message_size(MESSAGE_MAX_BYTES))
}

fn hello_request(token: &AgentToken) -> HelloRequest {
    let time_unix_ns = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since_epoch| u64::try_from(since_epoch.as_nanos()).ok())
        .unwrap_or_default();
    HelloRequest {
        protocol_version: PROTOCOL_VERSION,
        time_unix_ns,
        token: token.to_bytes(),
    }
}

/// The result of a first call on a stream, which `sample` is of, within `timeout`.
async fn first_call<T>(
    call: &'static str,
    timeout: Duration,
    sample: &Sample,
    answer: impl Future<Output = Result<T, AgentError>>,
) -> Result<T, AgentError> {
    match (bounded(call, timeout, answer).await, sample.get()) {
        (Err(_), Some(received)) => Err(AgentError::NotAnAgent {
            received: received.clone(),
        }),
        (result, _) => result,
    }
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

#[cfg(test)]
mod tests {
    use container_agent_api::AGENT_TOKEN_BYTES;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// What a client sends before its SETTINGS frame, RFC 9113 section 3.4.
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /// SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_MAX_FRAME_SIZE, RFC 9113 section 6.5.2.
    const WINDOW_AND_FRAME: [u16; 2] = [4, 5];

    #[tokio::test]
    async fn the_guest_is_told_of_windows_and_frames() {
        let (near, mut far) = tokio::io::duplex(64 << 10);
        let token = AgentToken::new([7; AGENT_TOKEN_BYTES]);
        let connecting = AgentClient::connect(near.into(), &token, SHORT_CALL_TIMEOUT);
        let reading = async {
            let mut head = [0; PREFACE.len() + 9];
            far.read_exact(&mut head).await.unwrap();
            let header = head.strip_prefix(PREFACE).unwrap();
            let mut settings = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
            far.read_exact(&mut settings).await.unwrap();
            settings
        };
        let settings = tokio::select! {
            settings = reading => settings,
            connected = connecting => panic!("{connected:?}"),
        };
        // Pairs of a number and a value, RFC 9113 section 6.5.1.
        let told = WINDOW_AND_FRAME.map(|wanted| {
            let mut pairs = settings.chunks_exact(6);
            let pair = pairs.find(|pair| pair[..2] == wanted.to_be_bytes()).unwrap();
            u32::from_be_bytes(pair[2..].try_into().unwrap())
        });
        assert_eq!(told, [STREAM_WINDOW_BYTES, FRAME_MAX_BYTES]);
    }
}
