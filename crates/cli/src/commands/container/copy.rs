//! `container copy`.

use std::ffi::OsString;

use clap::Args;
use container_engine::{CopyPlace, CopyRequest, Engine};

use crate::error::CommandError;
use crate::output;

/// Copy files between the host and a container, or between containers
#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// Keep the numbers of user and group; otherwise files in a container belong to root
    #[arg(short, long)]
    archive: bool,

    /// Copy what a symbolic link leads to, if the source is one
    #[arg(short = 'L', long)]
    follow_link: bool,

    /// Do not print where it was copied to
    #[arg(short, long)]
    quiet: bool,

    /// What to copy: CONTAINER:PATH, a path of the host, or - for a tar on standard input
    #[arg(value_name = "SOURCE", allow_hyphen_values = true)]
    source: OsString,

    /// Where to: CONTAINER:PATH, a path of the host, or - for a tar on standard output
    #[arg(value_name = "DESTINATION", allow_hyphen_values = true)]
    destination: OsString,
}

impl Copy {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let request = CopyRequest {
            source: CopyPlace::parse(self.source),
            destination: CopyPlace::parse(self.destination),
            archive: self.archive,
            follow_link: self.follow_link,
        };
        let written = Engine::open()?.copy(request).await?;
        if let Some(written) = written.filter(|_| !self.quiet) {
            output::line(&written)?;
        }
        Ok(0)
    }
}
