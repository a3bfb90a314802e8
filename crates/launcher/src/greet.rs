//! The first word to a guest's agent.

use std::time::Duration;

use container_agent::{AgentClient, AgentError};
use container_agent_api::{AGENT_TOKEN_BYTES, AgentToken};
use container_hypervisor::{AgentConnector, AgentStream, ConnectError};
use tokio::time::{Instant, sleep, timeout_at};

use crate::failure::LifeError;

/// Pause between two attempts to reach an agent that does not listen yet.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// As many random bytes as the pool of the guest's kernel holds (drivers/char/random.c, `POOL_BITS`).
const ENTROPY_BYTES: usize = 32;

/// Draws the token of one boot.
pub(crate) fn draw_token() -> Result<AgentToken, LifeError> {
    draw_token_bytes().map(AgentToken::new)
}

/// The same before it is a token.
pub(crate) fn draw_token_bytes() -> Result<[u8; AGENT_TOKEN_BYTES], LifeError> {
    let mut random = [0; AGENT_TOKEN_BYTES];
    getrandom::fill(&mut random).map_err(LifeError::Token)?;
    Ok(random)
}

/// Draws what the random numbers of a machine that continues from a template are made from.
pub(crate) fn draw_entropy() -> Result<Vec<u8>, LifeError> {
    let mut random = vec![0; ENTROPY_BYTES];
    getrandom::fill(&mut random).map_err(LifeError::Token)?;
    Ok(random)
}

/// How long a machine may take to come up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BootLimit {
    duration: Duration,
    deadline: Instant,
}

impl BootLimit {
    /// The limit of a boot that begins now.
    pub(crate) fn begin(duration: Duration) -> Self {
        Self {
            duration,
            deadline: Instant::now() + duration,
        }
    }

    /// Waits for a step of the boot, but not beyond the limit.
    pub(crate) async fn bound<T>(self, step: impl Future<Output = T>) -> Result<T, LifeError> {
        timeout_at(self.deadline, step).await.map_err(|_| self.exceeded(None))
    }

    /// What is left of it.
    pub(crate) fn left(self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
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
pub(crate) async fn greet(
    mut connector: Box<dyn AgentConnector>,
    token: &AgentToken,
    limit: BootLimit,
) -> Result<AgentClient, LifeError> {
    let stream = reach(connector.as_mut(), limit).await?;
    match AgentClient::connect(stream, token, limit.left()).await {
        Err(AgentError::Timeout { .. }) => Err(limit.exceeded(None)),
        greeted => Ok(greeted?),
    }
}

/// Tries until the agent listens.
pub(crate) async fn reach(connector: &mut dyn AgentConnector, limit: BootLimit) -> Result<AgentStream, LifeError> {
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
