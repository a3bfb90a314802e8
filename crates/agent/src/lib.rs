//! Client of the guest agent.
//!
//! One [`AgentClient`] per machine, over one byte stream that HTTP/2 multiplexes. The guest is not trusted: the size of messages is
//! limited, their order is checked, and texts are cut and cleaned. Every call has a time limit; the process that a `Run` has started
//! runs, and reads its input, for as long as it likes, and so do connections of sockets. No call is retried, because a broken stream does not
//! come back.

mod client;
mod error;
mod event_order;
mod preface;
mod process;
mod socket;

pub use client::{AgentClient, FrozenDisks, TreeArchive};
pub use container_agent_api::v1;
pub use error::{AgentError, RunError, Violation};
pub use process::{ProcessEvent, ProcessOutput, ProcessStdin, RunningProcess, StartingProcess, StdinClosed};
pub use socket::GuestSocket;
