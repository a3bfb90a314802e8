//! Flags of `run` and `create` about how the container is stopped.

use clap::Args;
use container_model::Signal;

/// How it is stopped.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct EndingFlags {
    /// Signal that stop asks with; the image's, else TERM
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) stop_signal: Option<Signal>,

    /// Seconds that stop waits before the container is killed
    #[arg(long, value_name = "SECONDS")]
    pub(crate) stop_timeout: Option<u32>,
}
