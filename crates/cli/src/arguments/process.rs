//! Flags of everything that starts a process: `run`, `create`, `exec`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use container_engine::UserRequest;

use crate::environment;
use crate::error::CommandError;

/// How a process is to run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Process options")]
pub(crate) struct ProcessFlags {
    /// Set an environment variable; a bare name copies its value from here, or takes it away where it has none here
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Read environment variables from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Numeric user id
    #[arg(long, conflicts_with = "user")]
    pub(crate) uid: Option<u32>,

    /// Numeric group id
    #[arg(long, conflicts_with = "user")]
    pub(crate) gid: Option<u32>,

    /// Run as this user: a name or uid, with a group after a colon
    #[arg(short, long, value_name = "NAME|UID[:GID]")]
    pub(crate) user: Option<String>,

    /// Pass standard input on
    #[arg(short, long)]
    pub(crate) interactive: bool,

    /// Give the process a terminal
    #[arg(short, long)]
    pub(crate) tty: bool,

    /// Directory to start in
    #[arg(short, long, visible_alias = "cwd", value_name = "DIRECTORY")]
    pub(crate) workdir: Option<String>,
}

impl ProcessFlags {
    /// The environment that files and flags describe.
    pub(crate) fn environment(&self) -> Result<Vec<String>, CommandError> {
        environment::collect(&self.env_file, &self.env)
    }

    /// The user to run as.
    pub(crate) fn user_request(&self) -> UserRequest {
        UserRequest {
            user: self.user.clone(),
            uid: self.uid,
            gid: self.gid,
        }
    }

    /// Refuses to give the process a terminal whose input is not typed at one: the line editing of the terminal would garble the bytes.
    pub(crate) fn check_terminal(&self, detached: bool) -> Result<(), CommandError> {
        if self.tty && self.interactive && !detached && !container_terminal::is_terminal(io::stdin()) {
            return Err(CommandError::new("the input device is not a TTY").with_hint("leave out --tty"));
        }
        Ok(())
    }
}
