//! `container commit`.

use clap::{ArgAction, Args};
use container_engine::{CommitRequest, ConfigChange, Engine, ImageError};
use container_model::ContainerQuery;

use crate::error::CommandError;
use crate::output;
use crate::session::Signals;

/// Make an image of what a container has changed, and print its digest
///
/// What is mounted in the container is left out.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// A note for the image's history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Who made it, for example "Ada <ada@example.org>"
    #[arg(short, long, value_name = "TEXT")]
    author: Option<String>,

    /// Change how the image is run by an instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER,
    /// VOLUME or WORKDIR
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<ConfigChange>,

    /// Accepted as Docker has it: a running container waits while its disk is copied, and only then, whatever this says
    #[arg(long, value_name = "true|false", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    pause: bool,

    /// Container
    container: ContainerQuery,

    /// Name of the image; without one it is known by its digest
    reference: Option<String>,
}

impl Commit {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let id = engine.find(&self.container)?;
        let reference = self.reference.as_deref().map(|text| engine.reference(text));
        let request = CommitRequest {
            reference: reference.transpose().map_err(ImageError::from)?,
            message: self.message,
            author: self.author,
            changes: self.change,
        };
        let mut signals = Signals::listen()?;
        let digest = signals.or_end(engine.commit(&id, request)).await?;
        output::line(&digest.to_string())?;
        Ok(0)
    }
}
