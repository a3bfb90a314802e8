//! `container list`.

use clap::Args;
use container_engine::{ContainerView, Engine};

use crate::error::CommandError;
use crate::output::{ListFlags, Listing, container_json, table, timestamp};

/// List containers
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Containers that do not run as well
    #[arg(short, long)]
    all: bool,

    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let mut views = engine.list()?;
        views.retain(|view| self.all || view.is_live());
        self.output.print(Listing {
            identifiers: || views.iter().map(|view| view.id().to_string()).collect(),
            objects: || views.iter().map(|view| container_json(view, &engine)).collect(),
            table: || {
                let rows: Vec<_> = views.iter().map(row).collect();
                table(
                    ["ID", "IMAGE", "OS", "ARCH", "STATE", "IP", "CPUS", "MEMORY", "STARTED"],
                    &rows,
                )
            },
        })?;
        Ok(0)
    }
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
