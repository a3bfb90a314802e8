//! Following a session until the process has ended or the user leaves.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use container_engine::{SessionControl, SessionEvent, SessionEvents, SessionInput};
use container_model::{ExitStatus, exit_code};
use container_terminal::{Keyboard, Keys, Output, Resizes, Sink, printable};
use tokio::time::timeout;

use super::begin::Begun;
use super::signals::{Arrived, Signals};
use super::streams::{Streams, engine_size};
use super::teardown::{ended, torn_down};
use crate::error::CommandError;

/// How long the launcher may take to answer a detach.
const DETACH_TIMEOUT: Duration = Duration::from_secs(5);

/// How a session came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The process ended.
    Exited(ExitStatus),
    /// The user left with the detach keys.
    Detached,
}

impl Ending {
    /// The exit code of a foreground command.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Exited(status) => status.exit_code,
            Self::Detached => 0,
        }
    }
}

/// What of a program is followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Followed {
    /// What it writes to standard output is shown.
    pub(crate) stdout: bool,
    /// What it writes to standard error is shown.
    pub(crate) stderr: bool,
    /// It gets the signals that this process gets. Else those that end a process have this one leave it.
    pub(crate) signals: bool,
}

impl Followed {
    /// Everything.
    pub(crate) const ALL: Self = Self {
        stdout: true,
        stderr: true,
        signals: true,
    };
}

/// Ties the user's streams to a process that runs and waits for its end.
///
/// Signals are passed on; with a terminal in raw mode those that still arrive come from outside and end this process. The end of this
/// process without a detach ends a container that it owns.
pub(crate) async fn follow(begun: Begun, streams: Streams, signals: &mut Signals) -> Result<Ending, CommandError> {
    follow_some(begun, streams, signals, Followed::ALL).await
}

/// The same, of what is to be followed.
pub(crate) async fn follow_some(
    begun: Begun,
    streams: Streams,
    signals: &mut Signals,
    followed: Followed,
) -> Result<Ending, CommandError> {
    let Begun {
        control,
        input,
        mut events,
        first,
    } = begun;
    let sink = Sink::write(io::stdout(), io::stderr())?;
    let raw_mode = streams.enter_raw_mode()?;
    let result = tokio::select! {
        result = output(first, &mut events, &sink, line_end(raw_mode.is_some()), followed) => result,
        () = keyboard(streams.keyboard()?, input) => detach(&control, &mut events).await,
        leaving = forward(signals, &control, raw_mode.is_some(), followed) => match leaving {
            Leaving::Failed(error) => Err(error),
            Leaving::Detaching(arrived) => {
                detach(&control, &mut events).await?;
                Err(arrived.as_error())
            }
        },
        never = resize(streams.resizes()?, &control) => never,
    };
    drop(raw_mode);
    // After a failure the rest of the output is not waited for: its reader may never read on.
    let ending = result?;
    sink.finish().await?;
    Ok(ending)
}

/// What ends a line of our own: a terminal in raw mode does not return to the beginning of the line by itself.
fn line_end(is_raw: bool) -> &'static str {
    if is_raw { "\r\n" } else { "\n" }
}

/// Writes what the process writes until it has ended and its container's record says so.
async fn output(
    first: Option<SessionEvent>,
    events: &mut SessionEvents,
    sink: &Sink,
    line_end: &str,
    followed: Followed,
) -> Result<Ending, CommandError> {
    let mut next = first;
    loop {
        let (stream, bytes) = match next {
            Some(SessionEvent::Running) => (Output::Stdout, Bytes::new()),
            Some(SessionEvent::Stdout(bytes)) if followed.stdout => (Output::Stdout, bytes),
            Some(SessionEvent::Stderr(bytes)) if followed.stderr => (Output::Stderr, bytes),
            Some(SessionEvent::Stdout(_) | SessionEvent::Stderr(_)) => (Output::Stdout, Bytes::new()),
            Some(SessionEvent::Notice(text)) => {
                let line = format!("Warning: {}{line_end}", printable(&text));
                (Output::Stderr, Bytes::from(line))
            }
            Some(SessionEvent::Exited(status)) => {
                // What happens after the end does not change how the process ended.
                torn_down(events).await;
                return Ok(Ending::Exited(status));
            }
            None => {
                return Err(CommandError::new("the session ended before the program did")
                    .with_hint("container list --all")
                    .with_code(exit_code::LAUNCH));
            }
        };
        if !bytes.is_empty() && !sink.send(stream, bytes).await {
            // The sink tells the reason.
            return Err(CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe)));
        }
        next = events.recv().await?;
    }
}

/// Passes input on; ends only when the user leaves.
async fn keyboard(keyboard: Option<Keyboard>, input: SessionInput) {
    let Some(mut keyboard) = keyboard else {
        return pending().await;
    };
    while let Some(Keys { passed, detach }) = keyboard.next().await {
        if !passed.is_empty() && input.send(Bytes::from(passed)).await.is_err() {
            return pending().await;
        }
        if detach {
            return;
        }
    }
    input.close().await;
    pending().await
}

async fn detach(control: &SessionControl, events: &mut SessionEvents) -> Result<Ending, CommandError> {
    control.detach().await;
    // Output that comes after the keys is not shown; the log has it.
    let _ = timeout(DETACH_TIMEOUT, ended(events)).await;
    Ok(Ending::Detached)
}

/// Why this process leaves a program that runs.
enum Leaving {
    /// It has to.
    Failed(CommandError),
    /// A signal that is not passed on asks it to.
    Detaching(Arrived),
}

/// Passes signals on; ends when this process has to.
async fn forward(signals: &mut Signals, control: &SessionControl, raw: bool, followed: Followed) -> Leaving {
    loop {
        let arrived = signals.next().await;
        if !followed.signals {
            match arrived.is_ending() {
                true => return Leaving::Detaching(arrived),
                false => continue,
            }
        }
        if arrived.force {
            return Leaving::Failed(
                CommandError::new("forcefully exiting: the program did not heed the signals")
                    .with_code(exit_code::FAILURE),
            );
        }
        if raw && arrived.is_ending() {
            return Leaving::Failed(arrived.as_error());
        }
        // Fails when the process has ended meanwhile; its exit status is on its way.
        let _ = control.signal(arrived.signal).await;
    }
}

/// Keeps the size of the process's terminal that of the user's; never ends.
async fn resize(resizes: Option<Resizes>, control: &SessionControl) -> Result<Ending, CommandError> {
    let Some(mut resizes) = resizes else {
        return pending().await;
    };
    // The size may have changed while the machine was booting.
    let mut size = resizes.current();
    loop {
        if let Some(size) = size {
            // As with signals: a process that has ended has no terminal.
            let _ = control.resize(engine_size(size)).await;
        }
        size = Some(resizes.next().await);
    }
}
