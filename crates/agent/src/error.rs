//! Why a call to the agent failed.

use std::fmt;
use std::time::Duration;

use container_agent_api::{VersionMismatch, v1};
use container_terminal::excerpt;
use tonic::{Code, Status};

/// Longest text of the guest's that messages repeat, characters.
const GUEST_TEXT_CHARACTERS: usize = 500;

/// A call to the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The guest did not answer in time.
    #[error("the guest's agent did not answer {call} within {:.1} s", after.as_secs_f64())]
    Timeout {
        /// The call.
        call: &'static str,
        /// The time limit.
        after: Duration,
    },
    /// The received bytes are not the agent's protocol.
    #[error("the guest sent something else than the agent's protocol: {received}")]
    NotAnAgent {
        /// The first bytes, as an escaped string.
        received: String,
    },
    /// Host and guest were not built together.
    #[error("{0}: the initial RAM file system does not belong to this build")]
    Version(VersionMismatch),
    /// The stream ended or broke: usually the machine is gone.
    #[error("the connection to the guest's agent broke during {call}: {reason}")]
    Broken {
        /// The call.
        call: &'static str,
        /// The transport's message.
        reason: String,
    },
    /// The agent answered with an error.
    #[error("the guest's agent refused {call}: {message}")]
    Refused {
        /// The call.
        call: &'static str,
        /// gRPC status code.
        code: Code,
        /// The agent's text, cut and cleaned.
        message: String,
    },
    /// The agent broke the rules of the protocol.
    #[error("the guest's agent broke the protocol of {call}: {violation}")]
    Protocol {
        /// The call.
        call: &'static str,
        /// The rule.
        violation: Violation,
    },
}

/// A process could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The guest could not start it, for a reason in the image or the user's request.
    #[error("{message}")]
    NotStarted {
        /// What kind of reason.
        reason: v1::StartFailure,
        /// The agent's text, cut and cleaned.
        message: String,
    },
    /// The call itself failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

/// A rule of a call with streams that the agent broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A message without content, or of an unknown kind.
    Empty,
    /// Output or exit before the start was reported.
    NotStarted,
    /// The start was reported twice, or a failure to start after a start.
    StartedTwice,
    /// A message after the end.
    AfterEnd,
    /// A chunk of output above the limit.
    ChunkTooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// An exit code above 255.
    ExitCode {
        /// The code.
        code: u32,
    },
    /// The stream ended without an outcome.
    NoOutcome,
    /// A piece of a connection came before the connection was reported.
    NotConnected,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a message holds nothing"),
            Self::NotStarted => f.write_str("output or exit came before the start"),
            Self::StartedTwice => f.write_str("a second start was reported"),
            Self::AfterEnd => f.write_str("something came after the end"),
            Self::ChunkTooLarge { size_bytes } => write!(f, "a chunk of output has {size_bytes} bytes"),
            Self::ExitCode { code } => write!(f, "{code} is no exit code"),
            Self::NoOutcome => f.write_str("the stream ended without an outcome"),
            Self::NotConnected => f.write_str("something came before the connection"),
        }
    }
}

impl std::error::Error for Violation {}

impl AgentError {
    /// Sorts a gRPC status: the transport's errors carry their cause, the agent's do not.
    pub(crate) fn from_status(call: &'static str, status: &Status) -> Self {
        match std::error::Error::source(status) {
            Some(source) => Self::Broken {
                call,
                reason: system_reason(source),
            },
            None if status.code() == Code::Unavailable => Self::Broken {
                call,
                reason: clean(status.message()),
            },
            None => Self::Refused {
                call,
                code: status.code(),
                message: clean(status.message()),
            },
        }
    }
}

/// The operating system's reason why a stream broke. The messages of the layers above it (HTTP/2, gRPC) are left out, because they
/// mean nothing to the user.
pub(crate) fn system_reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && error.get_ref().is_none()
        {
            return clean(&error.to_string());
        }
        next = error.source();
    }
    "it ended".to_owned()
}

/// A text of the guest's that can be shown on a terminal.
pub(crate) fn clean(text: &str) -> String {
    excerpt(text, GUEST_TEXT_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_text_is_cut_and_cannot_drive_a_terminal() {
        assert_eq!(clean("no such file\u{1b}[2J"), "no such file\u{fffd}[2J");
        assert_eq!(clean(&"x".repeat(600)).chars().count(), GUEST_TEXT_CHARACTERS);
    }

    #[test]
    fn an_answer_of_the_agent_is_told_from_a_broken_stream() {
        let refused = AgentError::from_status("Signal", &Status::not_found("no such process"));
        assert!(
            matches!(
                refused,
                AgentError::Refused {
                    code: Code::NotFound,
                    ..
                }
            ),
            "{refused:?}"
        );
        let broken = AgentError::from_status("Signal", &Status::from_error(Box::new(std::io::Error::other("reset"))));
        assert!(matches!(broken, AgentError::Broken { .. }), "{broken:?}");
    }
}
