//! Attaching to a container's first process.

use container_launcher::control::{ControlClient, v1};
use container_model::ContainerId;
use container_state::Bundle;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::Code;

use crate::session::{REQUEST_QUEUE, Request, SessionEvents};
use crate::{Engine, EngineError, Session, SessionControl, SessionEvent, SessionInput, SessionOptions, WindowSize};

impl Engine {
    /// Attaches to the first process of a running container. What it writes to a terminal from here on begins with the whole screen, if it draws one
    /// again when its size changes.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when it does not run, [`EngineError::InputTaken`] when another client has its standard input.
    pub async fn attach(&self, id: &ContainerId, options: SessionOptions) -> Result<Session, EngineError> {
        let config = self.load(id)?.config;
        let client = self.active_client(id, "attach to").await?;
        let session = open_session(client.clone(), options, false, self.containers.bundle(id)).await?;
        self.tell_of_container(&config, "attach");
        if let Some(size) = options.window_size {
            redraw(client, size).await;
        }
        Ok(session)
    }
}

/// Changes the size of the terminal and makes it `size`: one that stays as it is is not told to the programs, which then draw nothing.
async fn redraw(mut client: ControlClient, size: WindowSize) {
    let other = WindowSize {
        rows: size.rows.saturating_add(1),
        ..size
    };
    for size in [other, size] {
        let request = v1::ResizeRequest {
            process_id: String::new(),
            window_size: Some(size.into()),
        };
        // A program that has just ended draws nothing more.
        let _ = client.resize(request).await;
    }
}

/// Opens the attach stream; with `start` the launcher starts the workload once it is attached, so that no output is missed. A launcher that goes
/// away in the middle of it is told with the end of its log, which is in `bundle`.
pub(crate) async fn open_session(
    mut client: ControlClient,
    options: SessionOptions,
    start: bool,
    bundle: Bundle,
) -> Result<Session, EngineError> {
    let open = v1::AttachOpen {
        start,
        stdin: options.stdin,
        window_size: options.window_size.map(Into::into),
        owner: options.owner,
    };
    let (sender, receiver) = mpsc::channel(REQUEST_QUEUE);
    let first = v1::AttachRequest {
        request: Some(v1::attach_request::Request::Open(open)),
    };
    let requests = tokio_stream::once(first).chain(ReceiverStream::new(receiver).map(attach_request));
    let responses = client
        .attach(requests)
        .await
        .map_err(|status| match status.code() {
            Code::AlreadyExists => EngineError::InputTaken,
            _ => EngineError::control("attach to the container")(status),
        })?
        .into_inner();
    let events = SessionEvents::new(responses.map(move |response| match response {
        Ok(response) => attach_event(response),
        Err(status) => Err(EngineError::broken_session(&status).with_last_words(&bundle)),
    }));
    let control = SessionControl::new(client, String::new(), sender.clone());
    Ok(Session::new(control, SessionInput::new(sender), events))
}

fn attach_request(request: Request) -> v1::AttachRequest {
    use v1::attach_request::Request as Wire;
    let wire = match request {
        Request::Stdin(bytes) => Wire::Stdin(bytes.into()),
        Request::CloseStdin => Wire::CloseStdin(v1::CloseStdin {}),
        Request::Detach => Wire::Detach(v1::Detach {}),
    };
    v1::AttachRequest { request: Some(wire) }
}

fn attach_event(response: v1::AttachResponse) -> Result<Option<SessionEvent>, EngineError> {
    use v1::attach_response::Response as Wire;
    match response.response {
        Some(Wire::Running(_)) => Ok(Some(SessionEvent::Running)),
        Some(Wire::Stdout(bytes)) => Ok(Some(SessionEvent::Stdout(bytes.into()))),
        Some(Wire::Stderr(bytes)) => Ok(Some(SessionEvent::Stderr(bytes.into()))),
        Some(Wire::Notice(notice)) => Ok(Some(SessionEvent::Notice(notice.text))),
        Some(Wire::Exited(status)) => Ok(Some(SessionEvent::Exited(exit_status(status)))),
        Some(Wire::Failure(failure)) => Err(EngineError::from_failure(failure)),
        // A newer launcher may have more to say than this build understands.
        None => Ok(None),
    }
}

/// The launcher's wording of an exit status in the model's types.
pub(crate) fn exit_status(status: v1::ExitStatus) -> container_model::ExitStatus {
    container_model::ExitStatus {
        exit_code: u8::try_from(status.exit_code).unwrap_or(u8::MAX),
        signal: u8::try_from(status.signal).ok().filter(|signal| *signal != 0),
        oom_killed: status.oom_killed,
    }
}
