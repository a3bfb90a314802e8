//! `build --debug-shell`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use container_build::{DebugShell, StepFailure};
use container_engine::{Session, WindowSize};
use container_terminal::{DetachKeys, is_terminal, printable};

use super::progress::Shown;
use crate::error::{CommandError, warn};
use crate::output;
use crate::session::{Signals, Streams, begin, follow};

/// The user's terminal, which progress gives up for a shell.
struct TerminalShell {
    shown: Arc<dyn Shown>,
    streams: Streams,
}

/// The user, if there is one.
pub(super) fn of_user(shown: &Arc<dyn Shown>) -> Option<Box<dyn DebugShell>> {
    if !is_terminal(io::stdin()) {
        warn("--debug-shell has no effect, because standard input is no terminal");
        return None;
    }
    let streams = Streams {
        stdin: true,
        terminal: true,
        // There is nothing to come back to.
        detach_keys: DetachKeys::none(),
    };
    let shown = Arc::clone(shown);
    Some(Box::new(TerminalShell { shown, streams }))
}

impl TerminalShell {
    async fn follow(&self, shell: Session) -> Result<(), CommandError> {
        let mut signals = Signals::listen()?;
        let begun = begin(shell, &mut signals).await?;
        follow(begun, self.streams.clone(), &mut signals).await?;
        Ok(())
    }
}

impl DebugShell for TerminalShell {
    fn window_size(&self) -> Option<WindowSize> {
        self.streams.window_size()
    }

    fn attach<'s>(&'s self, failure: &'s StepFailure, shell: Session) -> Pin<Box<dyn Future<Output = ()> + 's>> {
        Box::pin(async move {
            self.shown.end();
            let (label, cause) = (printable(&failure.label), printable(&failure.cause.to_string()));
            output::note(&format!(
                "{label}: {cause}\nThis shell is in the state that it has left; the build fails when it ends."
            ));
            if let Err(error) = self.follow(shell).await {
                let _ = error.report();
            }
        })
    }

    fn refused(&self, reason: &dyn fmt::Display) {
        self.shown.end();
        warn(format!("there is no shell to look around with: {reason}"));
    }
}

impl fmt::Debug for TerminalShell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalShell")
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}
