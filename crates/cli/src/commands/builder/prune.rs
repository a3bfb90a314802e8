//! `container builder prune`.

use clap::Args;
use container_engine::{BuildCacheFilter, Engine};
use container_model::ByteSize;
use container_terminal::HumanSize;

use super::filter::{self, CacheFilterFlag};
use crate::error::CommandError;
use crate::output;

/// Delete what builds keep for later ones, and print its ids
///
/// What a build under way uses stays.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Also layers that images need, which gives nothing back until these are deleted
    #[arg(short, long)]
    all: bool,

    /// Without effect: nothing is asked
    #[arg(short, long)]
    force: bool,

    /// Only what the filter covers: until=DURATION (not used for so long), type=regular|exec.cachemount|source.http|source.git.checkout,
    /// id=ID
    #[arg(long, value_name = "FILTER")]
    filter: Vec<CacheFilterFlag>,

    /// Only until the rest takes no more than this; what was used longest ago goes first
    #[arg(long, visible_alias = "max-used-space", value_name = "SIZE")]
    keep_storage: Option<ByteSize>,
}

impl Prune {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let filter = BuildCacheFilter {
            all: self.all,
            keep_bytes: self.keep_storage.map(|size| size.0),
            ..filter::collect(self.filter)
        };
        let pruned = Engine::open()?.prune_build_cache(filter).await?;
        for record in &pruned.deleted {
            output::line(&record.id)?;
        }
        let size = HumanSize(pruned.reclaimed_bytes);
        output::note(&format!("Reclaimed {size} in disk space"));
        Ok(0)
    }
}
