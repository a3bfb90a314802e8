//! `container exec`.

use clap::Args;
use container_engine::{Engine, ExecOptions, Session, SessionEvent};
use container_model::{ContainerQuery, Rlimit};

use crate::arguments::{AttachmentFlags, ProcessFlags, ulimit};
use crate::error::CommandError;
use crate::output;
use crate::session::{Signals, Streams, begin, follow};

/// Run one more program in a running container
#[derive(Debug, Args)]
#[command(
    override_usage = "container exec [OPTIONS] <CONTAINER> <PROGRAM> [ARGUMENTS]...",
    after_help = "Examples:\n  container exec -it web sh\n  container exec -u 0 -w /etc -e LANG=C web ls -l"
)]
pub(crate) struct Exec {
    #[command(flatten)]
    process: ProcessFlags,

    /// Detach: do not wait for the program
    #[arg(short, long)]
    detach: bool,

    #[command(flatten)]
    attachment: AttachmentFlags,

    /// Limit a resource, for example nofile=1024:4096
    #[arg(long, value_name = "TYPE=SOFT[:HARD]", value_parser = ulimit::parse)]
    ulimit: Vec<Rlimit>,

    /// Container, then the program and its arguments
    #[arg(required = true, num_args = 2.., trailing_var_arg = true, value_name = "CONTAINER PROGRAM [ARGUMENTS]")]
    words: Vec<String>,
}

impl Exec {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        ulimit::check_unique(&self.ulimit).map_err(CommandError::usage)?;
        self.process.check_terminal(self.detach)?;
        let mut words = self.words.into_iter();
        let query = ContainerQuery::typed(words.next().unwrap_or_default());
        let engine = Engine::open()?;
        let id = engine.find(&query)?;
        let streams = Streams {
            stdin: self.process.interactive && !self.detach,
            terminal: self.process.tty,
            detach_keys: self.attachment.detach_keys,
        };
        let options = ExecOptions {
            arguments: words.collect(),
            environment: self.process.environment()?,
            working_directory: self.process.workdir.clone(),
            user: self.process.user_request(),
            rlimits: self.ulimit,
            terminal: self.process.tty,
            stdin: streams.stdin,
            detached: self.detach,
            window_size: streams.window_size(),
        };
        if self.detach {
            started(engine.exec(&id, options).await?).await?;
            output::line(id.as_str())?;
            return Ok(0);
        }
        let mut signals = Signals::listen()?;
        let session = tokio::select! {
            session = engine.exec(&id, options) => session?,
            arrived = signals.ending() => return Err(arrived.as_error()),
        };
        let begun = begin(session, &mut signals).await?;
        Ok(follow(begun, streams, &mut signals).await?.exit_code())
    }
}

/// Waits until a detached program runs.
async fn started(session: Session) -> Result<(), CommandError> {
    // The other halves are kept until then: an input that is gone would count as closed.
    let (_control, _input, mut events) = session.split();
    while let Some(event) = events.recv().await? {
        if matches!(event, SessionEvent::Running) {
            break;
        }
    }
    Ok(())
}
