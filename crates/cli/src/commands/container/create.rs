//! `container create`.

use clap::Args;
use container_engine::Engine;

use super::cidfile::{self, Cidfile};
use super::run::image_and_arguments;
use crate::arguments::{ContainerFlags, PlatformFlags, ProcessFlags, PullFlags};
use crate::error::CommandError;
use crate::images::Shown;
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
        let engine = Engine::open()?.configured()?;
        let (image, arguments) = image_and_arguments(&engine, self.words)?;
        let cidfile = self.container.cidfile.clone();
        cidfile::check(cidfile.as_deref())?;
        let platform = self.platform.of_container()?;
        let name = self.container.name.clone();
        let pull = self.pull.options();
        let request = self
            .container
            .request(&self.process, image, pull, platform, arguments)?;
        let mut signals = Signals::listen()?;
        let mut new = engine.reserve(name)?;
        let shown = || Shown::new(self.pull.progress.show());
        signals.or_end(engine.create(&mut new, request, shown)).await?;
        let cidfile = Cidfile::write(cidfile.as_deref(), new.id())?;
        output::line(new.id().as_str())?;
        new.keep().await?;
        cidfile.keep();
        Ok(0)
    }
}
