//! `container run`.

use std::path::Path;

use clap::Args;
use container_engine::{ConfiguredEngine, Engine, NewContainer, SessionOptions};
use container_oci::Reference;

use super::cidfile::{self, Cidfile};
use super::postmortem;
use super::ssh_agent::warn_without_agent;
use crate::arguments::{AttachmentFlags, ContainerFlags, FollowedFlags, PlatformFlags, ProcessFlags, PullFlags};
use crate::error::CommandError;
use crate::images::Shown;
use crate::output;
use crate::session::{BeginError, Signals, Streams, begin, follow_some};

/// Create a container and run a program in it
///
/// Without --detach the program's standard streams are those of this command, and so is its exit code. An image that is not here is
/// pulled.
#[derive(Debug, Args)]
#[command(
    override_usage = "container run [OPTIONS] <IMAGE> [ARGUMENTS]...",
    after_help = "Examples:\n  \
                  container run --rm alpine echo hello\n  \
                  container run -it --rm debian:bookworm bash\n  \
                  container run -d --name web --restart unless-stopped -p 8080:80 -v data:/var/lib/data my/server\n  \
                  container run --rm -v .:/src -w /src -m 2G -c 4 rust:1 cargo test"
)]
pub(crate) struct Run {
    /// Image, then the arguments of its program
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE [ARGUMENTS]")]
    pub(crate) words: Vec<String>,

    #[command(flatten)]
    pub(crate) process: ProcessFlags,
    #[command(flatten)]
    pub(crate) attachment: AttachmentFlags,
    #[command(flatten)]
    pub(crate) followed: FollowedFlags,
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
        self.followed.check(self.process.interactive)?;
        self.process.check_terminal(self.container.detach)?;
        let engine = Engine::open()?.configured()?;
        let (image, arguments) = image_and_arguments(&engine, self.words)?;
        let cidfile = self.container.cidfile.clone();
        cidfile::check(cidfile.as_deref())?;
        let detach = self.container.detach;
        let platform = self.platform.of_container()?;
        let streams = Streams {
            stdin: self.process.interactive && self.followed.stdin(),
            terminal: self.process.tty,
            detach_keys: self.attachment.detach_keys.clone(),
        };

        let followed = self.followed.followed();
        let name = self.container.name.clone();
        let pull = self.pull.options();
        let request = self
            .container
            .request(&self.process, image, pull, platform, arguments)?;
        let is_temporary = request.auto_remove;
        warn_without_agent(request.ssh);
        let mut signals = Signals::listen()?;
        let mut new = engine.reserve(name)?;
        new.start_when_made();
        let id = new.id().clone();
        let shown = || Shown::new(self.pull.progress.show());
        signals.or_end(engine.create(&mut new, request, shown)).await?;
        if detach {
            detached(&engine, new, &mut signals, cidfile.as_deref()).await?;
            return Ok(0);
        }

        let options = SessionOptions {
            stdin: streams.stdin,
            window_size: streams.window_size(),
            owner: true,
        };
        let begun = tokio::select! {
            started = engine.start_new_attached(&mut new, options) => match started {
                Ok(session) => begin(session, &mut signals).await,
                Err(error) => Err(error.into()),
            },
            arrived = signals.ending() => Err(BeginError::Interrupted(arrived)),
        };
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => return Err(not_begun(new, error).await),
        };
        match Cidfile::write(cidfile.as_deref(), &id) {
            Ok(cidfile) => cidfile.keep(),
            Err(error) => {
                new.undo().await;
                return Err(error);
            }
        }
        // What the program writes is shown while the container is being made lasting.
        let (ending, kept) = tokio::join!(follow_some(begun, streams, &mut signals, followed), new.keep());
        let ending = ending?;
        kept?;
        if !is_temporary {
            postmortem::explain(&engine, &id, &ending);
        }
        Ok(ending.exit_code())
    }
}

/// Starts a new container, and leaves it running once its id is told.
async fn detached(
    engine: &ConfiguredEngine,
    mut new: NewContainer,
    signals: &mut Signals,
    cidfile: Option<&Path>,
) -> Result<(), CommandError> {
    let started = tokio::select! {
        started = engine.start_new(&mut new) => started.map_err(BeginError::from),
        arrived = signals.ending() => Err(BeginError::Interrupted(arrived)),
    };
    if let Err(error) = started {
        return Err(not_begun(new, error).await);
    }
    let told = Cidfile::write(cidfile, new.id()).and_then(|cidfile| {
        output::line(new.id().as_str())?;
        Ok(cidfile)
    });
    match told {
        Ok(cidfile) => {
            new.keep().await?;
            cidfile.keep();
            Ok(())
        }
        Err(error) => {
            new.undo().await;
            Err(error)
        }
    }
}

/// Puts a container away whose program was not started.
async fn not_begun(new: NewContainer, error: BeginError) -> CommandError {
    match error {
        BeginError::Failed(error) => new.not_started(*error).await.into(),
        BeginError::Interrupted(_) => {
            new.undo().await;
            error.into()
        }
    }
}

/// Takes the words after the flags apart.
pub(super) fn image_and_arguments(
    engine: &ConfiguredEngine,
    words: Vec<String>,
) -> Result<(Reference, Vec<String>), CommandError> {
    let mut words = words.into_iter();
    let image = engine.find_image_or_name(&words.next().unwrap_or_default())?;
    Ok((image, words.collect()))
}
