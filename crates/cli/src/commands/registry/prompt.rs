//! Questions on the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use container_terminal::EchoOff;

use crate::error::{CommandError, cannot};
use crate::session::Signals;

/// Asks for a line; what is typed does not show when it is `hidden`. A signal ends the question with the terminal as it was before.
///
/// # Errors
/// Without a terminal the user cannot be asked: the error names the `flag` to use instead.
pub(super) async fn prompt(
    question: &str,
    hidden: bool,
    flag: &str,
    signals: &mut Signals,
) -> Result<String, CommandError> {
    if !io::stdin().is_terminal() {
        let message = format!(
            "cannot ask for the {}without a terminal",
            question.to_lowercase().replace(':', "")
        );
        return Err(CommandError::usage(message).with_hint(flag));
    }
    let asking = |error| cannot("ask on the terminal", error);
    // The echo goes first, so that nothing typed early shows.
    let silence = hidden
        .then(|| EchoOff::enter(io::stdin()))
        .transpose()
        .map_err(asking)?;
    io::stderr().write_all(question.as_bytes()).map_err(asking)?;
    // A thread of its own: when a signal comes, the process ends while it still reads.
    let typed = signals
        .or_end(async {
            let read = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                io::stdin().read_line(&mut line).map(|length| (length, line))
            });
            match read.await {
                Ok(Ok((0, _))) => Err(cannot("ask on the terminal", "the input has ended")),
                Ok(Ok((_, line))) => Ok(line),
                Ok(Err(error)) => Err(asking(error)),
                Err(_) => Err(cannot("ask on the terminal", "the work was interrupted")),
            }
        })
        .await;
    drop(silence);
    if typed.is_err() {
        // What is written next begins on a line of its own.
        let _ = writeln!(io::stderr());
    }
    Ok(typed?.trim_end_matches(['\r', '\n']).to_owned())
}
