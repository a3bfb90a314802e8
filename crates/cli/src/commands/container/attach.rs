//! `container attach`.

use clap::Args;
use container_engine::{Engine, SessionOptions};
use container_model::ContainerQuery;

use super::postmortem;
use crate::arguments::{AttachmentFlags, SignalProxyFlags};
use crate::error::CommandError;
use crate::output;
use crate::session::{Ending, Followed, Signals, Streams, begin, follow_some};

/// Attach to the program of a running container
///
/// Its output is shown from now on; `container logs` shows what it wrote before. The exit code is that of the program. It goes on when this command
/// is ended, or left with the detach keys. The end of standard input is passed on, unless --no-stdin is given.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container run -dit --name work debian && container attach work")]
pub(crate) struct Attach {
    #[command(flatten)]
    attachment: AttachmentFlags,

    /// Do not pass standard input on
    #[arg(long)]
    no_stdin: bool,

    #[command(flatten)]
    signals: SignalProxyFlags,

    /// Container
    #[arg(value_name = "CONTAINER")]
    container: ContainerQuery,
}

impl Attach {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let view = engine.load(&engine.find(&self.container)?)?;
        let streams = Streams {
            stdin: view.config.options.stdin && !self.no_stdin,
            terminal: view.config.process.terminal,
            detach_keys: self.attachment.detach_keys,
        };
        // The end of what is no terminal would end a shell. One that does not run is refused for that.
        if view.is_live() && streams.stdin && streams.terminal && !streams.is_raw() {
            return Err(CommandError::new("the input device is not a TTY").with_hint("--no-stdin"));
        }
        let mut signals = Signals::listen()?;
        let options = SessionOptions {
            stdin: streams.stdin,
            window_size: streams.window_size(),
            owner: false,
        };
        let session = tokio::select! {
            session = engine.attach(view.id(), options) => session?,
            arrived = signals.ending() => return Err(arrived.as_error()),
        };
        let begun = begin(session, &mut signals).await?;
        let followed = Followed {
            signals: self.signals.sig_proxy,
            ..Followed::ALL
        };
        let ending = follow_some(begun, streams, &mut signals, followed).await?;
        if ending == Ending::Detached {
            output::line(view.id().as_str())?;
        }
        postmortem::explain(&engine, view.id(), &ending);
        Ok(ending.exit_code())
    }
}
