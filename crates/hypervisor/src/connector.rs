//! Opening a stream to the agent, apart from the machine, so that whoever opens it can watch the machine meanwhile.

use std::io;

use async_trait::async_trait;
use container_stream::ByteStream;

/// The byte stream to the agent, whatever it is made of.
pub type AgentStream = ByteStream;

/// Opens the stream to the agent of one machine.
#[async_trait]
pub trait AgentConnector: Send {
    /// Tries once. Neither bounded in time nor aware of the machine's end: a guest may let an attempt wait for ever, and the
    /// caller, who knows the limits, drops it then. A backend whose channel is a single port connects at once, and once.
    ///
    /// # Errors
    /// [`ConnectError`].
    async fn connect(&mut self) -> Result<AgentStream, ConnectError>;
}

/// An attempt to reach the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens, for all that is known only not yet: kernel and agent may be on their way up. Worth another try.
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
