//! `--sig-proxy` of whatever follows a container's program.

use clap::{ArgAction, Args};

/// Whose signals are those that the command gets.
#[derive(Debug, Args)]
pub(crate) struct SignalProxyFlags {
    /// Pass signals on to the program; with =false those that end this command leave the program running
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(crate) sig_proxy: bool,
}
