//! `container run`.

use clap::Args;
use container_engine::model::ContainerId;
use container_engine::oci::Reference;
use container_engine::{Engine, SessionOptions};

use super::{cidfile, postmortem};
use crate::arguments::{ContainerFlags, PlatformFlags, ProcessFlags, PullFlags};
use crate::error::CommandError;
use crate::images;
use crate::output;
use crate::session::{Signals, Streams, follow};

/// Create a container and run a program in it
///
/// Without --detach the program's standard streams are those of this command, and so is its exit code. An image that is not here is
/// pulled.
#[derive(Debug, Args)]
#[command(override_usage = "container run [OPTIONS] <IMAGE> [ARGUMENTS]...")]
pub(crate) struct Run {
    /// Image, then the arguments of its program
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE [ARGUMENTS]")]
    pub(crate) words: Vec<String>,

    #[command(flatten)]
    pub(crate) process: ProcessFlags,
    #[command(flatten)]
    pub(crate) container: ContainerFlags,
    #[command(flatten)]
    pub(crate) platform: PlatformFlags,
    #[command(flatten)]
    pub(crate) pull: PullFlags,
}

impl Run {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        self.container.check()?;
        self.process.check_terminal(self.container.detach)?;
        let engine = Engine::open()?;
        let (image, arguments) = image_and_arguments(&engine, self.words)?;
        let cidfile = self.container.cidfile.clone();
        cidfile::check(cidfile.as_deref())?;
        let detach = self.container.detach;
        let platform = self.platform.of_container()?;
        let streams = Streams {
            stdin: self.process.interactive,
            terminal: self.process.tty,
            detachable: true,
        };

        let mut request = self.container.request(&self.process, image, platform, arguments)?;
        let mut signals = Signals::listen()?;
        let ready = images::ensure(&engine, &request.image, request.platform.as_ref(), &self.pull);
        let lease = signals.or_end(ready).await?;
        if detach {
            let id = signals.or_end(engine.run_detached(request)).await?;
            drop(lease);
            cidfile::write(cidfile.as_deref(), &id)?;
            output::line(id.as_str())?;
            return Ok(0);
        }

        // Known before the container is made, so that a signal meanwhile finds something to clean up.
        let id = request.name.get_or_insert_with(ContainerId::random).clone();
        let options = SessionOptions {
            stdin: streams.stdin,
            window_size: streams.window_size(),
            owner: true,
        };
        let (id, session) = tokio::select! {
            started = engine.run_attached(request, options) => started?,
            arrived = signals.ending() => {
                // Whatever had been made by then goes again; usually that is nothing.
                let _ = engine.delete(&id, true).await;
                return Err(arrived.as_error());
            }
        };
        drop(lease);
        let ending = follow(session, streams, &mut signals, || {
            cidfile::write(cidfile.as_deref(), &id)
        })
        .await?;
        postmortem::explain(&engine, &id, &ending);
        Ok(ending.exit_code())
    }
}

/// Takes the words after the flags apart.
pub(super) fn image_and_arguments(
    engine: &Engine,
    words: Vec<String>,
) -> Result<(Reference, Vec<String>), CommandError> {
    let mut words = words.into_iter();
    let image = images::find_or_name(engine, &words.next().unwrap_or_default())?;
    Ok((image, words.collect()))
}
