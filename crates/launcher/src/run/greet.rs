//! The first word to a guest's agent.

use std::time::Duration;

use container_agent::{AgentClient, AgentError};
use container_agent_api::{AGENT_TOKEN_BYTES, AgentToken};
use container_hypervisor::{AgentConnector, AgentStream, ConnectError};
use tokio::time::{Instant, sleep, timeout_at};

use crate::failure::LifeError;

/// Pause between two attempts to reach an agent that does not listen yet.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// Draws the token of one boot.
pub(super) fn draw_token() -> Result<AgentToken, LifeError> {
    let mut random = [0; AGENT_TOKEN_BYTES];
    getrandom::fill(&mut random).map_err(LifeError::Token)?;
    Ok(AgentToken::new(random))
}

/// How long a machine may take to come up.
#[derive(Debug, Clone, Copy)]
pub(super) struct BootLimit {
    duration: Duration,
    deadline: Instant,
}

impl BootLimit {
    /// The limit of a boot that begins now.
    pub(super) fn begin(duration: Duration) -> Self {
        Self {
            duration,
            deadline: Instant::now() + duration,
        }
    }

    /// Waits for a step of the boot, but not beyond the limit.
    pub(super) async fn bound<T>(self, step: impl Future<Output = T>) -> Result<T, LifeError> {
        timeout_at(self.deadline, step).await.map_err(|_| self.exceeded(None))
    }

    fn exceeded(self, refusal: Option<ConnectError>) -> LifeError {
        LifeError::BootTimeout {
            after: self.duration,
            refusal,
            hint: None,
        }
    }
}

/// Reaches the agent and exchanges greetings, all within the limit. Whether the machine still lives is for the caller to watch.
pub(super) async fn greet(
    mut connector: Box<dyn AgentConnector>,
    token: &AgentToken,
    limit: BootLimit,
) -> Result<AgentClient, LifeError> {
    let stream = reach(connector.as_mut(), limit).await?;
    let left = limit.deadline.saturating_duration_since(Instant::now());
    match AgentClient::connect(stream, token, left).await {
        Err(AgentError::Timeout { .. }) => Err(limit.exceeded(None)),
        greeted => Ok(greeted?),
    }
}

/// Tries until the agent listens.
async fn reach(connector: &mut dyn AgentConnector, limit: BootLimit) -> Result<AgentStream, LifeError> {
    let mut refusal = None;
    while Instant::now() < limit.deadline {
        match timeout_at(limit.deadline, connector.connect()).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error @ ConnectError::Stream { .. })) => return Err(LifeError::Connect(error)),
            Ok(Err(error @ ConnectError::NotListening { .. })) => refusal = Some(error),
            Err(_) => break,
        }
        sleep(RETRY_INTERVAL).await;
    }
    Err(limit.exceeded(refusal))
}
