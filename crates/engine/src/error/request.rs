//! Requests that no container can be made of.

use container_model::ByteSize;

/// A [`crate::CreateRequest`] that no container can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Neither the image nor the command line names a program.
    #[error("image {image} has no command and none was given")]
    NoCommand {
        /// The image.
        image: String,
    },
    /// Less memory than a container needs.
    #[error("{asked} of memory is too little: at least {} is needed", ByteSize(*minimum_bytes))]
    Memory {
        /// What was asked for.
        asked: ByteSize,
        /// The floor.
        minimum_bytes: u64,
    },
    /// No processor.
    #[error("at least one CPU is needed")]
    NoCpu,
    /// `-u` together with `--uid` or `--gid`.
    #[error("--user cannot be combined with --uid or --gid")]
    TwoUsers,
    /// A working directory that is not absolute.
    #[error("working directory {path:?} is not absolute")]
    WorkingDirectory {
        /// What was given.
        path: String,
    },
}
