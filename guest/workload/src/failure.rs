//! Why a process could not be started, and how the forked child tells its parent.
//!
//! The child writes one record to a close-on-exec pipe and exits. A pipe that ends without a byte means that the
//! program was executed.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// Longest message taken from the pipe, bytes. Keeps the record below `PIPE_BUF`, so that it is written in one piece.
const MESSAGE_MAX_BYTES: usize = 2048;

/// The kinds of failure that a caller distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartFailureKind {
    /// There is no such program.
    NotFound,
    /// There is a file, but it cannot be executed.
    NotExecutable,
    /// No such user or group.
    User,
    /// The working directory is missing or cannot be entered.
    WorkingDirectory,
    /// Anything else on the way: namespaces, mounts, limits, capabilities.
    Setup,
}

/// A process that did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartFailure {
    /// What kind of failure it is.
    pub kind: StartFailureKind,
    /// One line, without a trailing full stop.
    pub message: String,
}

impl StartFailure {
    pub(crate) fn new(kind: StartFailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// A failed step of the preparation, in words that complete "cannot …".
    pub(crate) fn setup(step: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::new(StartFailureKind::Setup, format!("cannot {step}: {error}"))
    }

    /// The record for the pipe: one byte of kind, then the message.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let tag = match self.kind {
            StartFailureKind::NotFound => b'f',
            StartFailureKind::NotExecutable => b'x',
            StartFailureKind::User => b'u',
            StartFailureKind::WorkingDirectory => b'w',
            StartFailureKind::Setup => b's',
        };
        let message = self.message.as_bytes();
        let mut record = Vec::with_capacity(1 + message.len());
        record.push(tag);
        record.extend_from_slice(&message[..message.len().min(MESSAGE_MAX_BYTES)]);
        record
    }

    /// Reads the record of a child that failed; `None` when the child wrote nothing, which means that it runs.
    pub fn decode(record: &[u8]) -> Option<Self> {
        let (tag, message) = record.split_first()?;
        let kind = match tag {
            b'f' => StartFailureKind::NotFound,
            b'x' => StartFailureKind::NotExecutable,
            b'u' => StartFailureKind::User,
            b'w' => StartFailureKind::WorkingDirectory,
            _ => StartFailureKind::Setup,
        };
        Some(Self {
            kind,
            message: String::from_utf8_lossy(message).into_owned(),
        })
    }
}

/// The kernel's reason, in Docker's words.
pub(crate) fn reason(error: &io::Error) -> String {
    let words = match Errno::from_io_error(error) {
        Some(Errno::NOENT) => "no such file or directory",
        Some(Errno::ACCESS) => "permission denied",
        Some(Errno::NOEXEC) => "exec format error",
        Some(Errno::NOTDIR) => "not a directory",
        Some(Errno::ISDIR) => "is a directory",
        Some(Errno::ROFS) => "read-only file system",
        _ => return error.to_string(),
    };
    words.to_owned()
}

impl fmt::Display for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_the_pipe() {
        for kind in [
            StartFailureKind::NotFound,
            StartFailureKind::NotExecutable,
            StartFailureKind::User,
            StartFailureKind::WorkingDirectory,
            StartFailureKind::Setup,
        ] {
            let failure = StartFailure::new(kind, "no such thing");
            assert_eq!(StartFailure::decode(&failure.encode()), Some(failure));
        }
    }

    #[test]
    fn an_empty_record_means_started() {
        assert_eq!(StartFailure::decode(&[]), None);
    }

    #[test]
    fn long_message_is_cut() {
        let failure = StartFailure::new(StartFailureKind::Setup, "x".repeat(100_000));
        assert_eq!(failure.encode().len(), 1 + MESSAGE_MAX_BYTES);
    }
}
