//! Opening a stream to the agent: an object of its own, so that its owner can wait for the stream and for the machine's end at once.

use std::io;

use async_trait::async_trait;
use container_stream::ByteStream;

/// The byte stream to the agent, whatever it is made of.
pub type AgentStream = ByteStream;

/// Opens the stream to the agent of one machine.
#[async_trait]
pub trait AgentConnector: Send {
    /// Tries once. The attempt may wait for ever, also after the machine has ended: the caller bounds it, by dropping it. A backend
    /// whose channel is a single port connects at once, and once.
    ///
    /// # Errors
    /// [`ConnectError`].
    async fn connect(&mut self) -> Result<AgentStream, ConnectError>;
}

/// An attempt to reach the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing listens yet, as far as can be told: kernel and agent may still be starting. Another try may succeed.
    #[error("nothing takes connections to its agent: {source}")]
    NotListening {
        /// The system's reason.
        source: io::Error,
    },
    /// This host cannot open the stream; no other try will do better.
    #[error("cannot open the agent's channel: {source}")]
    Stream {
        /// The system's reason.
        source: io::Error,
    },
}
