//! Flags of `run` about what of the program its command follows.

use clap::{Args, ValueEnum};

use super::SignalProxyFlags;
use crate::error::CommandError;
use crate::session::Followed;

/// What is followed in the foreground.
#[derive(Debug, Args)]
pub(crate) struct FollowedFlags {
    /// Attach this stream only; can be given several times
    #[arg(
        long,
        value_enum,
        value_name = "STREAM",
        ignore_case = true,
        conflicts_with = "detach"
    )]
    attach: Vec<Stream>,

    #[command(flatten)]
    signals: SignalProxyFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

impl FollowedFlags {
    /// What they say; standard input is attached when it is `interactive` besides.
    pub(crate) fn followed(&self) -> Followed {
        Followed {
            stdout: self.has(Stream::Stdout),
            stderr: self.has(Stream::Stderr),
            signals: self.signals.sig_proxy,
        }
    }

    /// Whether standard input may be passed on.
    pub(crate) fn stdin(&self) -> bool {
        self.has(Stream::Stdin)
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self, interactive: bool) -> Result<(), CommandError> {
        if self.attach.contains(&Stream::Stdin) && !interactive {
            return Err(CommandError::usage(
                "--attach stdin needs --interactive, without which nothing reads it",
            ));
        }
        Ok(())
    }

    fn has(&self, stream: Stream) -> bool {
        self.attach.is_empty() || self.attach.contains(&stream)
    }
}
