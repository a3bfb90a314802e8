//! `container image prune`.

use clap::Args;
use container_engine::{Engine, PruneScope};

use super::delete::reclaimed;
use crate::error::CommandError;
use crate::output;

/// Delete images that nobody needs, and what interrupted pulls have left
///
/// These are images whose name now belongs to another one; with --all also those that have a name and that no container uses.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// All images that no container uses
    #[arg(short, long)]
    all: bool,

    /// Accepted as in Docker: nothing is asked in any case
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let scope = if self.all {
            PruneScope::Unused
        } else {
            PruneScope::Dangling
        };
        let report = Engine::open()?.prune_images(scope).await?;
        for reference in &report.untagged {
            output::line(&format!("untagged {reference}"))?;
        }
        for digest in &report.deleted {
            output::line(&format!("deleted {digest}"))?;
        }
        reclaimed(&report);
        Ok(0)
    }
}
