//! One more process in a running container.

use container_launcher::control::v1;
use container_model::{ContainerId, Rlimit};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

use crate::attach::exit_status;
use crate::configure::user_text;
use crate::session::{REQUEST_QUEUE, Request, SessionEvents};
use crate::{Engine, EngineError, ExecOptions, Session, SessionControl, SessionEvent, SessionInput};

impl Engine {
    /// Starts a process in a running container and attaches to it.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when the container does not run. A program that cannot be started is reported by the session's first
    /// event.
    pub async fn exec(&self, id: &ContainerId, options: ExecOptions) -> Result<Session, EngineError> {
        let mut client = self.active_client(id, "exec in").await?;
        let process_id = format!("exec-{}", uuid::Uuid::new_v4());
        let open = v1::ExecOpen {
            process_id: process_id.clone(),
            arguments: options.arguments,
            environment: options.environment,
            working_directory: options.working_directory.unwrap_or_default(),
            user: user_text(&options.user)?.unwrap_or_default(),
            terminal: options.terminal,
            window_size: options.window_size.map(Into::into),
            stdin: options.stdin,
            detached: options.detached,
            rlimits: options.rlimits.into_iter().map(rlimit).collect(),
        };
        let (sender, receiver) = mpsc::channel(REQUEST_QUEUE);
        let first = v1::ExecRequest {
            request: Some(v1::exec_request::Request::Open(open)),
        };
        let requests = tokio_stream::once(first).chain(ReceiverStream::new(receiver).map(exec_request));
        let responses = client
            .exec(requests)
            .await
            .map_err(EngineError::control("exec in the container"))?
            .into_inner();
        let events = SessionEvents::new(responses.map(|response| match response {
            Ok(response) => exec_event(response),
            Err(status) => Err(EngineError::broken_session(&status)),
        }));
        let control = SessionControl::new(client, process_id, sender.clone());
        Ok(Session::new(control, SessionInput::new(sender), events))
    }
}

/// A resource limit in the words of the protocol.
pub(crate) fn rlimit(limit: Rlimit) -> v1::StepRlimit {
    v1::StepRlimit {
        name: limit.resource,
        soft: limit.soft,
        hard: limit.hard,
    }
}

fn exec_request(request: Request) -> v1::ExecRequest {
    use v1::exec_request::Request as Wire;
    let wire = match request {
        Request::Stdin(bytes) => Wire::Stdin(bytes.into()),
        Request::CloseStdin => Wire::CloseStdin(v1::CloseStdin {}),
        Request::Detach => Wire::Detach(v1::Detach {}),
    };
    v1::ExecRequest { request: Some(wire) }
}

pub(crate) fn exec_event(response: v1::ExecResponse) -> Result<Option<SessionEvent>, EngineError> {
    use v1::exec_response::Response as Wire;
    match response.response {
        Some(Wire::Running(_)) => Ok(Some(SessionEvent::Running)),
        Some(Wire::Stdout(bytes)) => Ok(Some(SessionEvent::Stdout(bytes.into()))),
        Some(Wire::Stderr(bytes)) => Ok(Some(SessionEvent::Stderr(bytes.into()))),
        Some(Wire::Notice(notice)) => Ok(Some(SessionEvent::Notice(notice.text))),
        Some(Wire::Exited(status)) => Ok(Some(SessionEvent::Exited(exit_status(status)))),
        Some(Wire::Failure(failure)) => Err(EngineError::from_failure(failure)),
        None => Ok(None),
    }
}
