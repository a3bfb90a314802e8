//! Flags of `run` and `create` about how the container is stopped, and what follows its end.

use clap::Args;
use container_model::{RestartPolicy, Signal};

use super::seconds;

/// How it ends.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct EndingFlags {
    /// Signal that stop asks with; the image's, else TERM
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) stop_signal: Option<Signal>,

    /// Seconds that stop waits before the container is killed
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds::parse)]
    pub(crate) stop_timeout: Option<u32>,

    /// Start it again when its program has ended: no, on-failure[:TIMES], always, or unless-stopped
    #[arg(long, value_name = "POLICY", default_value_t)]
    pub(crate) restart: RestartPolicy,
}
