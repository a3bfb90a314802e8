//! Waiting until a process runs.

use container_engine::{EngineError, Session, SessionControl, SessionEvent, SessionEvents, SessionInput};

use super::signals::{Arrived, Signals};
use super::teardown::torn_down;
use crate::error::CommandError;

/// A session whose process runs.
pub(crate) struct Begun {
    pub(super) control: SessionControl,
    pub(super) input: SessionInput,
    pub(super) events: SessionEvents,
    pub(super) first: Option<SessionEvent>,
}

/// Why a process does not run.
pub(crate) enum BeginError {
    /// A signal asked this process to end before.
    Interrupted(Arrived),
    /// It could not be started.
    Failed(Box<EngineError>),
}

impl From<EngineError> for BeginError {
    fn from(error: EngineError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl From<BeginError> for CommandError {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Interrupted(arrived) => arrived.as_error(),
            BeginError::Failed(error) => (*error).into(),
        }
    }
}

/// Waits until the process of a session runs. Until then INT, TERM, HUP and QUIT end this process.
pub(crate) async fn begin(session: Session, signals: &mut Signals) -> Result<Begun, BeginError> {
    let (control, input, mut events) = session.split();
    let first = tokio::select! {
        first = events.recv() => first,
        arrived = signals.ending() => return Err(BeginError::Interrupted(arrived)),
    };
    match first {
        Ok(first) => Ok(Begun {
            control,
            input,
            events,
            first,
        }),
        Err(error) => {
            // The user is told of the failure when the container has been put away.
            torn_down(&mut events).await;
            Err(error.into())
        }
    }
}
