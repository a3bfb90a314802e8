//! The standard streams of one process in a container, as a front end sees them.

use std::pin::Pin;

use bytes::Bytes;
use container_launcher::control::{ControlClient, v1};
use container_model::{ExitStatus, Signal};
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt};

use crate::{EngineError, WindowSize};

/// What comes out of a process.
#[derive(Debug)]
pub enum SessionEvent {
    /// It has been started.
    Running,
    /// Bytes from its standard output, or from its terminal.
    Stdout(Bytes),
    /// Bytes from its standard error.
    Stderr(Bytes),
    /// Something to tell the user beside the output, such as that the container stands still.
    Notice(String),
    /// It has ended; nothing but the end of the session follows.
    Exited(ExitStatus),
}

/// Everything a front end needs of a process's standard streams: control, input and events, which may live in different tasks.
pub struct Session {
    control: SessionControl,
    input: SessionInput,
    events: SessionEvents,
}

impl Session {
    pub(crate) fn new(control: SessionControl, input: SessionInput, events: SessionEvents) -> Self {
        Self { control, input, events }
    }

    /// Takes the session apart.
    #[must_use]
    pub fn split(self) -> (SessionControl, SessionInput, SessionEvents) {
        (self.control, self.input, self.events)
    }
}

/// One request on a session's stream, before it is known whether the stream is an attach or an exec.
#[derive(Debug)]
pub(crate) enum Request {
    Stdin(Bytes),
    CloseStdin,
    Detach,
}

/// Requests that may wait for the launcher: enough to keep the pipe full, little enough to bound memory (64 KiB each).
pub(crate) const REQUEST_QUEUE: usize = 8;

/// Sends signals and window sizes to the process.
#[derive(Clone)]
pub struct SessionControl {
    client: ControlClient,
    /// Empty for the container's first process.
    process_id: String,
    requests: mpsc::Sender<Request>,
}

impl SessionControl {
    pub(crate) fn new(client: ControlClient, process_id: String, requests: mpsc::Sender<Request>) -> Self {
        Self {
            client,
            process_id,
            requests,
        }
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    /// [`EngineError::Control`] when the container has ended.
    pub async fn signal(&self, signal: Signal) -> Result<(), EngineError> {
        let request = v1::SignalRequest {
            process_id: self.process_id.clone(),
            signal: signal.number(),
        };
        self.client
            .clone()
            .signal(request)
            .await
            .map_err(EngineError::control("send the signal"))?;
        Ok(())
    }

    /// Tells the process the size of its terminal.
    ///
    /// # Errors
    /// [`EngineError::Control`] when the container has ended.
    pub async fn resize(&self, size: WindowSize) -> Result<(), EngineError> {
        let request = v1::ResizeRequest {
            process_id: self.process_id.clone(),
            window_size: Some(size.into()),
        };
        self.client
            .clone()
            .resize(request)
            .await
            .map_err(EngineError::control("resize the terminal"))?;
        Ok(())
    }

    /// Leaves the process running: the session's events end once the launcher has taken note.
    pub async fn detach(&self) {
        // A closed queue means that the process has ended, and then there is nothing left to detach from.
        let _ = self.requests.send(Request::Detach).await;
    }
}

/// Standard input of the process.
pub struct SessionInput {
    requests: mpsc::Sender<Request>,
}

/// The process no longer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("standard input of the process is closed")]
pub struct InputClosed;

impl SessionInput {
    pub(crate) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    /// Passes bytes on; waits while the process does not read.
    ///
    /// # Errors
    /// [`InputClosed`] when the session has ended.
    pub async fn send(&self, bytes: Bytes) -> Result<(), InputClosed> {
        self.requests.send(Request::Stdin(bytes)).await.map_err(|_| InputClosed)
    }

    /// Lets the process read end-of-file; its output goes on.
    pub async fn close(self) {
        // When the session has ended already, so has its input.
        let _ = self.requests.send(Request::CloseStdin).await;
    }
}

type EventStream = Pin<Box<dyn Stream<Item = Result<Option<SessionEvent>, EngineError>> + Send>>;

/// What comes out of the process.
pub struct SessionEvents {
    stream: EventStream,
}

impl SessionEvents {
    pub(crate) fn new(stream: impl Stream<Item = Result<Option<SessionEvent>, EngineError>> + Send + 'static) -> Self {
        Self {
            stream: Box::pin(stream),
        }
    }

    /// The next event; `None` once the session has ended and the container's record says so.
    ///
    /// # Errors
    /// [`EngineError::Launch`] when the process could not be started, [`EngineError::Lost`] when its launcher is gone.
    pub async fn recv(&mut self) -> Result<Option<SessionEvent>, EngineError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Some(event))) => return Ok(Some(event)),
                Some(Ok(None)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(None),
            }
        }
    }
}

impl From<WindowSize> for v1::WindowSize {
    fn from(size: WindowSize) -> Self {
        Self {
            rows: size.rows.into(),
            columns: size.columns.into(),
        }
    }
}
