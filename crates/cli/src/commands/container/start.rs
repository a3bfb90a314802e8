//! `container start`.

use clap::Args;
use container_engine::{Engine, SessionOptions};
use container_model::{ContainerId, ContainerQuery};
use container_terminal::DetachKeys;

use super::ssh_agent::warn_without_agent;
use super::{postmortem, several};
use crate::arguments::AttachmentFlags;
use crate::error::CommandError;
use crate::output;
use crate::session::{Ending, Signals, Streams, begin, follow};

/// Start containers that do not run
///
/// A container that runs already is left alone.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Attach to the program's output, and end with its exit code
    #[arg(short, long)]
    attach: bool,

    /// Attach, and pass standard input on
    #[arg(short, long)]
    interactive: bool,

    #[command(flatten)]
    attachment: AttachmentFlags,

    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Start {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        if !(self.attach || self.interactive) {
            let (ids, errors) = several::find(&engine, &self.containers);
            let start = |id: ContainerId| {
                let engine = engine.clone();
                async move {
                    let view = engine.load(&id)?;
                    warn_without_agent(view.config.ssh);
                    Ok(engine.start(&view).await?)
                }
            };
            return several::each(ids, errors, start).await;
        }
        let [query] = self.containers.as_slice() else {
            return Err(CommandError::usage("only one container at a time can be attached to"));
        };
        attached(&engine, query, self.interactive, self.attachment.detach_keys)
            .await
            .map_err(CommandError::starting_a_program)
    }
}

async fn attached(
    engine: &Engine,
    query: &ContainerQuery,
    interactive: bool,
    detach_keys: DetachKeys,
) -> Result<u8, CommandError> {
    let view = engine.load(&engine.find(query)?)?;
    if view.is_live() {
        return Err(CommandError::new(format!(
            "cannot attach to container {}: it is running already",
            view.id()
        ))
        .with_hint(format!("container attach {}", view.id())));
    }
    let streams = Streams {
        stdin: interactive,
        terminal: view.config.process.terminal,
        detach_keys,
    };
    warn_without_agent(view.config.ssh);
    let mut signals = Signals::listen()?;
    let options = SessionOptions {
        stdin: streams.stdin,
        window_size: streams.window_size(),
        owner: false,
    };
    let session = tokio::select! {
        session = engine.start_attached(&view, options) => session?,
        arrived = signals.ending() => return Err(arrived.as_error()),
    };
    let begun = begin(session, &mut signals).await?;
    let ending = follow(begun, streams, &mut signals).await?;
    if ending == Ending::Detached {
        output::line(view.id().as_str())?;
    }
    postmortem::explain(engine, view.id(), &ending);
    Ok(ending.exit_code())
}
