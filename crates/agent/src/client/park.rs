//! The calls about machines that are saved and restored.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use container_agent_api::AgentToken;
use container_agent_api::v1::{ParkRequest, ResumeRequest, StartProcess};
use container_stream::ByteStream;
use tonic::Response;

use super::{AgentClient, first_call, hello_request, open, unary};
use crate::error::AgentError;
use crate::preface::Sample;
use crate::process::StartingProcess;

/// Limit of Park: files are read from the host's disk.
const PARK_TIMEOUT: Duration = Duration::from_secs(60);

/// The call's name in errors.
const RESUME: &str = "Resume";

impl AgentClient {
    /// Readies the machine for being saved: it has no container yet, or one that has not run. The next host has to show `token`. The agent takes no further
    /// call, and the connection ends with this client, of which there must be no clone. Then the agent prints [`container_agent_api::PARKED_LINE`] on the
    /// machine's console, after which the machine may be saved. The interfaces of `device_addresses` are made ready for being configured then.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::FailedPrecondition`] when the container is being made, or a process was started.
    pub async fn park(self, token: &AgentToken, device_addresses: &[[u8; 6]]) -> Result<(), AgentError> {
        let request = ParkRequest {
            token: token.to_bytes(),
            device_addresses: device_addresses.iter().map(|address| address.to_vec()).collect(),
        };
        let mut grpc = self.grpc;
        unary("Park", PARK_TIMEOUT, grpc.park(request)).await.map(drop)
    }

    /// Connects to the agent of a machine that was restored, at the other end of `stream`: shows it the `token` of [`AgentClient::park`] and makes
    /// the machine, and its container if it was parked with one, what `resume` says, whose `hello` this function fills in. `timeout` bounds all of it.
    /// The process `first` is asked for right behind it, and is started once the machine is what it is to be.
    ///
    /// # Errors
    /// As of [`AgentClient::connect`]; [`AgentError::Refused`] with the codes of the calls that `resume` stands for as well. The machine is of no use then.
    pub async fn resume(
        stream: ByteStream,
        token: &AgentToken,
        resume: ResumeRequest,
        first: Option<StartProcess>,
        timeout: Duration,
    ) -> Result<(Self, Option<StartingProcess>), AgentError> {
        let sample = Sample::default();
        let answer = resumed(stream, token, resume, first, sample.clone());
        first_call(RESUME, timeout, &sample, answer).await
    }
}

async fn resumed(
    stream: ByteStream,
    token: &AgentToken,
    resume: ResumeRequest,
    first: Option<StartProcess>,
    sample: Sample,
) -> Result<(AgentClient, Option<StartingProcess>), AgentError> {
    let grpc = open(RESUME, stream, sample).await?;
    let request = ResumeRequest {
        hello: Some(hello_request(token)),
        ..resume
    };
    let mut client = grpc.clone();
    let mut resuming = pin!(client.resume(request));
    // The first poll hands the request to the connection, which keeps the order.
    let sent = poll_fn(|context| Poll::Ready(resuming.as_mut().poll(context))).await;
    let starting = first.map(|first| StartingProcess::begin(grpc.clone(), first));
    let answer = match sent {
        Poll::Ready(answer) => answer,
        Poll::Pending => resuming.await,
    };
    let answer = answer
        .map(Response::into_inner)
        .map_err(|status| AgentError::from_status(RESUME, &status))?;
    let client = AgentClient::greeted(grpc, answer.hello.unwrap_or_default())?;
    Ok((client, starting))
}
