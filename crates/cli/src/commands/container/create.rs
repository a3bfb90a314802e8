//! `container create`.

use clap::Args;
use container_engine::Engine;

use super::cidfile;
use super::run::image_and_arguments;
use crate::arguments::{ContainerFlags, PlatformFlags, ProcessFlags, PullFlags};
use crate::error::CommandError;
use crate::images;
use crate::output;
use crate::session::Signals;

/// Create a container without starting it, and print its id
#[derive(Debug, Args)]
#[command(override_usage = "container create [OPTIONS] <IMAGE> [ARGUMENTS]...")]
pub(crate) struct Create {
    /// Image, then the arguments of its program
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE [ARGUMENTS]")]
    words: Vec<String>,

    #[command(flatten)]
    process: ProcessFlags,
    #[command(flatten)]
    container: ContainerFlags,
    #[command(flatten)]
    platform: PlatformFlags,
    #[command(flatten)]
    pull: PullFlags,
}

impl Create {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        self.container.check()?;
        let engine = Engine::open()?;
        let (image, arguments) = image_and_arguments(&engine, self.words)?;
        let cidfile = self.container.cidfile.clone();
        cidfile::check(cidfile.as_deref())?;
        let platform = self.platform.of_container()?;
        let request = self.container.request(&self.process, image, platform, arguments)?;
        let mut signals = Signals::listen()?;
        let ready = images::ensure(&engine, &request.image, request.platform.as_ref(), &self.pull);
        let lease = signals.or_end(ready).await?;
        let id = signals.or_end(engine.create(request)).await?;
        drop(lease);
        cidfile::write(cidfile.as_deref(), &id)?;
        output::line(id.as_str())?;
        Ok(0)
    }
}
