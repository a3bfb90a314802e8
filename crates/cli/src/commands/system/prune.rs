//! `container system prune`.

use std::fmt::Display;

use clap::Args;
use container_engine::{BuildCacheFilter, Engine, PruneScope, VolumePruneScope};
use container_terminal::HumanSize;

use crate::error::{CommandError, cannot};
use crate::output;

/// Delete what nothing uses: containers that do not run, networks, images without a name and the cache of builds
///
/// Volumes with a name stay in any case: container volume prune. A line says what each thing that was deleted is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container system prune --all")]
pub(crate) struct Prune {
    /// All images that no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,

    /// Also volumes without a name that no container uses, with what is on them
    #[arg(long)]
    volumes: bool,

    /// Accepted as in Docker: nothing is asked in any case
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let mut report = Report::default();
        // Containers first: what they used is free then.
        let containers = engine.prune_containers().await?;
        report.deleted("container", containers.deleted, containers.reclaimed_bytes)?;
        report.failed("container", containers.failed);
        let networks = engine.clone().configured()?.prune_networks()?;
        report.deleted("network", networks.deleted, 0)?;
        report.failed("network", networks.failed);
        if self.volumes {
            let volumes = engine.prune_volumes(VolumePruneScope::Anonymous)?;
            report.deleted("volume", volumes.deleted, volumes.reclaimed_bytes)?;
            report.failed("volume", volumes.failed);
        }
        let scope = if self.all {
            PruneScope::Unused
        } else {
            PruneScope::Dangling
        };
        let images = engine.prune_images(scope).await?;
        for reference in &images.untagged {
            output::line(&format!("untagged image {reference}"))?;
        }
        report.deleted("image", images.deleted, images.reclaimed_bytes)?;
        let cache = engine.prune_build_cache(BuildCacheFilter::default()).await?;
        let records = cache.deleted.into_iter().map(|record| record.id);
        report.deleted("build cache", records, cache.reclaimed_bytes)?;
        output::note(&format!(
            "Reclaimed {} in disk space",
            HumanSize(report.reclaimed_bytes)
        ));
        match report.errors.is_empty() {
            true => Ok(0),
            false => Err(CommandError::joined(&report.errors)),
        }
    }
}

/// What there is to tell in the end.
#[derive(Default)]
struct Report {
    reclaimed_bytes: u64,
    errors: Vec<CommandError>,
}

impl Report {
    fn deleted<T: Display>(
        &mut self,
        what: &str,
        names: impl IntoIterator<Item = T>,
        reclaimed_bytes: u64,
    ) -> Result<(), CommandError> {
        self.reclaimed_bytes += reclaimed_bytes;
        for name in names {
            output::line(&format!("deleted {what} {name}"))?;
        }
        Ok(())
    }

    fn failed<N: Display, E: Display>(&mut self, what: &str, failed: Vec<(N, E)>) {
        let failed = failed.into_iter();
        self.errors
            .extend(failed.map(|(name, error)| cannot(format!("delete {what} {name}"), error)));
    }
}
