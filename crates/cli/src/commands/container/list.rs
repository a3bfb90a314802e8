//! `container list`.

mod filter;
#[cfg(test)]
mod fixture;
mod rows;

use clap::Args;
use container_engine::{ContainerView, Engine};
use container_model::ContainerId;
use container_terminal::HumanSize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::arguments::Filter;
use crate::error::CommandError;
use crate::output::{ListFlags, Listing, container_json, table, timestamp, with_size};
use filter::{Criteria, asks_for_stopped};
use rows::container_rows;

/// Columns, without that of sizes.
const COLUMNS: [&str; 9] = ["ID", "IMAGE", "OS", "ARCH", "STATE", "IP", "CPUS", "MEMORY", "STARTED"];

/// List containers
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Containers that do not run as well
    #[arg(short, long)]
    all: bool,

    /// Only those with: name=PART, id=BEGINNING, status=STATE, health=STATE, label=KEY[=VALUE], ancestor=IMAGE, exited=CODE,
    /// volume=NAME|PATH, network=NAME, before=CONTAINER, since=CONTAINER (several times)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::container_filter)]
    filter: Vec<Filter>,

    /// Only the last N that were made, whether they run or not
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,

    /// Only the last one that was made, whether it runs or not
    #[arg(short, long, conflicts_with = "last")]
    latest: bool,

    /// Show commands and mounts in full, where a template shows them
    #[arg(long)]
    no_trunc: bool,

    /// Show what each takes on the disk
    #[arg(short, long)]
    size: bool,

    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let criteria = Criteria::look_up(&self.filter, &engine)?;
        let last = if self.latest { Some(1) } else { self.last };
        let is_all = self.all || last.is_some() || asks_for_stopped(&self.filter);
        let mut views = engine.list()?;
        views.retain(|view| (is_all || view.is_live()) && criteria.pass(view));
        // The oldest one is the first.
        views.drain(..views.len().saturating_sub(last.unwrap_or(usize::MAX)));
        let size_bytes = |id: &ContainerId| engine.container_disk_bytes(id);
        self.output.print(Listing {
            identifiers: || views.iter().map(|view| view.id().to_string()).collect(),
            objects: || {
                let object = |view| self.object(view, &engine);
                views.iter().map(object).collect()
            },
            rows: || container_rows(&views, self.no_trunc, OffsetDateTime::now_utc(), &size_bytes),
            table: || {
                if self.size {
                    table_with_sizes(&views, &size_bytes)
                } else {
                    table(COLUMNS, &views.iter().map(row).collect::<Vec<_>>())
                }
            },
        })?;
        Ok(0)
    }

    fn object(&self, view: &ContainerView, engine: &Engine) -> Value {
        let shown = container_json(view, engine);
        if self.size {
            return with_size(shown, engine.container_disk_bytes(view.id()));
        }
        shown
    }
}

fn table_with_sizes(views: &[ContainerView], size_bytes: &dyn Fn(&ContainerId) -> u64) -> String {
    let [id, image, os, arch, state, ip, cpus, memory, started] = COLUMNS;
    let rows = views.iter().map(|view| {
        let [id, image, os, arch, state, ip, cpus, memory, started] = row(view);
        let size = HumanSize(size_bytes(view.id())).to_string();
        [id, image, os, arch, state, ip, cpus, memory, started, size]
    });
    table(
        [id, image, os, arch, state, ip, cpus, memory, started, "SIZE"],
        &rows.collect::<Vec<_>>(),
    )
}

fn row(view: &ContainerView) -> [String; 9] {
    let config = &view.config;
    [
        config.id.to_string(),
        config.image.reference.to_string(),
        config.platform.os.clone(),
        config.platform.architecture.clone(),
        view.label().to_owned(),
        addresses(view),
        config.resources.cpus.to_string(),
        format!("{} MB", config.resources.memory_bytes >> 20),
        view.state.phase.started().map(timestamp).unwrap_or_default(),
    ]
}

/// IPv4 addresses with the length of the networks' prefixes, as in Apple's tool.
fn addresses(view: &ContainerView) -> String {
    let networks = view.state.networks.iter();
    let addresses: Vec<String> = networks.map(|status| status.ipv4_address.to_string()).collect();
    addresses.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_sizes_has_one_more_column_behind_the_others() {
        let views = [fixture::container("web", "running")];
        let with = table_with_sizes(&views, &|_| 5_000_000);
        let without = table(COLUMNS, &views.iter().map(row).collect::<Vec<_>>());
        for (with, without) in with.lines().zip(without.lines()) {
            assert!(with.starts_with(without), "{with}");
        }
        assert!(
            with.lines().next().unwrap().ends_with("  SIZE") && with.ends_with("  5 MB\n"),
            "{with}"
        );
    }
}
