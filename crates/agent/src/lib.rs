//! Client of the guest agent.
//!
//! One [`AgentClient`] per machine, over one byte stream that HTTP/2 multiplexes. The guest is hostile: messages are
//! bounded, their order is checked, texts from it are cut and cleaned, and every call ends within a time. Nothing is
//! retried: a stream that failed once belongs to a machine that cannot be trusted with a second try.

mod client;
mod error;
mod event_order;
mod preface;
mod process;

pub use client::AgentClient;
pub use container_agent_api::v1;
pub use error::{AgentError, RunError, Violation};
pub use process::{ProcessEvent, ProcessOutput, ProcessStdin, RunningProcess, StdinClosed};
