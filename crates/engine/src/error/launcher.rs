//! What a launcher answers, and what it means that it does not.

use container_launcher::control::ConnectError;
use container_launcher::control::v1::{Failure, FailureKind};
use container_model::ContainerId;

use super::LAUNCHER_GONE;
use crate::{Cause, EngineError, FailureClass};

impl EngineError {
    /// The launcher of a container that runs cannot be spoken to.
    pub(crate) fn unreachable_launcher(id: &ContainerId, error: ConnectError) -> Self {
        let id = id.clone();
        match &error {
            ConnectError::Versions { program_version, .. } => Self::LauncherVersions {
                id,
                program_version: program_version.clone(),
                source: Cause::new(error),
            },
            _ => Self::Connect {
                id,
                source: Cause::new(error),
            },
        }
    }

    /// Turns a failed call to the launcher into an error that says what was asked of it.
    pub(crate) fn control(action: &'static str) -> impl FnOnce(tonic::Status) -> Self {
        move |status| Self::Control {
            action,
            reason: match is_answer(&status) {
                true => status.message().to_owned(),
                false => LAUNCHER_GONE.to_owned(),
            },
        }
    }

    /// As [`EngineError::control`], of a call that launchers of older releases do not know.
    pub(crate) fn newer_control(
        verb: &'static str,
        id: &ContainerId,
        action: &'static str,
    ) -> impl FnOnce(tonic::Status) -> Self {
        move |status| match status.code() {
            tonic::Code::Unimplemented => Self::OldLauncher { verb, id: id.clone() },
            _ => Self::control(action)(status),
        }
    }

    /// Turns the failure of a session's stream into an error.
    pub(crate) fn broken_session(status: &tonic::Status) -> Self {
        if is_answer(status) {
            Self::Control {
                action: "follow the process",
                reason: status.message().to_owned(),
            }
        } else {
            Self::Lost
        }
    }

    /// Whether it is that a launcher is gone, without a word of its own.
    pub(crate) fn is_loss_of_launcher(&self) -> bool {
        match self {
            Self::Control { reason, .. } => reason == LAUNCHER_GONE,
            Self::Lost => true,
            _ => false,
        }
    }

    /// The launcher's own account of a failed start.
    pub(crate) fn from_failure(failure: Failure) -> Self {
        Self::Launch {
            class: match failure.kind() {
                FailureKind::NotFound => FailureClass::ProgramNotFound,
                FailureKind::NotExecutable => FailureClass::NotExecutable,
                FailureKind::Launch | FailureKind::Unspecified => FailureClass::Launch,
            },
            message: failure.message,
            hint: failure.hint,
        }
    }
}

/// Whether a launcher said this itself: what the transport finds wrong carries its cause.
fn is_answer(status: &tonic::Status) -> bool {
    let is_answer = std::error::Error::source(status).is_none();
    if !is_answer {
        tracing::debug!(%status, "the connection to the launcher broke");
    }
    is_answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_launcher::control::v1::VersionRange;
    use tonic::Status;

    #[test]
    fn a_broken_connection_is_told_without_the_words_of_the_transport() {
        let broken = || {
            Status::from_error(Box::new(std::io::Error::other(
                "h2 protocol error: error reading a body",
            )))
        };
        for error in [
            EngineError::broken_session(&broken()),
            EngineError::control("stop the container")(broken()),
        ] {
            let message = error.to_string();
            assert!(message.contains("launcher was killed"), "{message}");
            assert!(!message.contains("h2") && !message.contains("body"), "{message}");
        }
    }

    #[test]
    fn a_launcher_of_a_foreign_release_is_named_with_the_way_out() {
        let error = ConnectError::Versions {
            program_version: "9.8.7".to_owned(),
            versions: VersionRange { oldest: 7, newest: 9 },
        };
        let error = EngineError::unreachable_launcher(&"web".parse().unwrap(), error);
        let message = error.to_string();
        assert!(
            message.starts_with(
                "cannot speak to the launcher of container web: it belongs to container 9.8.7 and speaks versions 7 to 9"
            ),
            "{message}"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("container stop web") && hint.contains("9.8.7"), "{hint}");
    }

    #[test]
    fn a_launcher_that_does_not_know_a_call_is_of_an_older_release() {
        let id = "web".parse().unwrap();
        let told = |status| EngineError::newer_control("pause", &id, "pause the container")(status);
        let error = told(Status::unimplemented(""));
        assert!(error.to_string().contains("an older release"), "{error}");
        assert_eq!(error.hint().unwrap(), "container restart web");
        let error = told(Status::failed_precondition("it is paused already"));
        assert!(error.to_string().ends_with("it is paused already"), "{error}");
    }

    #[test]
    fn what_a_launcher_answers_is_repeated() {
        let answer = || Status::failed_precondition("the container is not running");
        for error in [
            EngineError::broken_session(&answer()),
            EngineError::control("stop the container")(answer()),
        ] {
            assert!(error.to_string().ends_with("the container is not running"), "{error}");
        }
    }
}
