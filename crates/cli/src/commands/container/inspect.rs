//! `container inspect`.

use clap::{Args, ValueEnum};
use container_engine::Engine;
use container_model::ContainerQuery;

use crate::commands::{image, network, volume};
use crate::error::CommandError;
use crate::output::{InspectFlags, container_json, docker_state, with_pause, with_size};

/// Show everything about containers, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Containers, or things of the kind that --type says
    #[arg(required = true, value_name = "CONTAINER")]
    names: Vec<String>,

    /// What kind of things the names are of
    #[arg(long = "type", value_enum, default_value_t)]
    kind: Kind,

    /// Show what each container takes on the disk
    #[arg(short, long)]
    size: bool,

    #[command(flatten)]
    output: InspectFlags,
}

/// What can be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Kind {
    #[default]
    Container,
    Image,
    Volume,
    Network,
}

impl Inspect {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        if self.size && self.kind != Kind::Container {
            return Err(CommandError::usage("--size is for containers"));
        }
        match self.kind {
            Kind::Container => self.containers().await,
            Kind::Image => image::inspect::Inspect::new(self.names, self.output).run(),
            Kind::Volume => volume::inspect::Inspect::new(&self.names, self.output)?.run(),
            Kind::Network => network::inspect::Inspect::new(&self.names, self.output)?.run(),
        }
    }

    async fn containers(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for name in &self.names {
            let query = ContainerQuery::typed(name);
            match engine.find(&query).and_then(|id| engine.load(&id)) {
                Ok(view) => {
                    let paused = engine.paused_because(&view).await;
                    let mut shown = with_pause(container_json(&view, &engine), paused);
                    if self.size {
                        shown = with_size(shown, engine.container_disk_bytes(view.id()));
                    }
                    if self.output.is_template() {
                        shown["State"] = docker_state(&view);
                    }
                    found.push(shown);
                }
                Err(error) => errors.push(error.into()),
            }
        }
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        self.output.print(found)?;
        Ok(0)
    }
}
