//! The hidden sub-command that serves a machine's shared directories: the same program, so that one signature covers it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

/// Be the file server of one machine
#[derive(Debug, Args)]
pub(crate) struct FileServer {
    /// File that names what is shared
    list: PathBuf,
}

impl FileServer {
    /// Becomes the file server.
    pub(crate) fn run(self) -> ExitCode {
        container_engine::serve_shares(&self.list)
    }
}
