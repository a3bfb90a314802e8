//! From the errors of the parts below the engine to its own: what a front end has to tell apart becomes a variant, the rest a cause.

use container_hypervisor::CreateError;
use container_image::{ContentError, ResolveError};
use container_launcher::SpawnError;
use container_state::{DeleteError, FindError, KeepError, ListError, LoadError, OwnError, ReserveError, StateError};
use container_templates::TemplateError;

use crate::{Cause, EngineError};

impl From<ReserveError> for EngineError {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::NameTaken { id } => Self::NameTaken { id },
            other => Self::Create(Cause::new(other)),
        }
    }
}

impl From<StateError> for EngineError {
    fn from(error: StateError) -> Self {
        Self::Create(Cause::new(error))
    }
}

impl From<KeepError> for EngineError {
    fn from(error: KeepError) -> Self {
        Self::Keep(Cause::new(error))
    }
}

impl From<FindError> for EngineError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound { query } => Self::ContainerNotFound {
                name: query.to_string(),
            },
            FindError::Ambiguous { .. } => Self::Ambiguous(Cause::new(error)),
            FindError::List(error) => error.into(),
        }
    }
}

impl From<ListError> for EngineError {
    fn from(error: ListError) -> Self {
        Self::List(Cause::new(error))
    }
}

impl From<LoadError> for EngineError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::NotFound { id } => Self::ContainerNotFound { name: id.to_string() },
            other => Self::Load(Cause::new(other)),
        }
    }
}

impl From<OwnError> for EngineError {
    fn from(error: OwnError) -> Self {
        match error {
            OwnError::NotFound { id } => Self::ContainerNotFound { name: id.to_string() },
            other => Self::Load(Cause::new(other)),
        }
    }
}

impl From<DeleteError> for EngineError {
    fn from(error: DeleteError) -> Self {
        Self::Delete(Cause::new(error))
    }
}

impl From<ContentError> for EngineError {
    fn from(error: ContentError) -> Self {
        Self::Image(error.into())
    }
}

impl From<ResolveError> for EngineError {
    fn from(error: ResolveError) -> Self {
        Self::Image(error.into())
    }
}

impl From<CreateError> for EngineError {
    fn from(error: CreateError) -> Self {
        Self::Hypervisor {
            hint: error.hint().map(str::to_owned),
            source: Cause::new(error),
        }
    }
}

impl From<TemplateError> for EngineError {
    fn from(error: TemplateError) -> Self {
        Self::Templates(Cause::new(error))
    }
}

impl From<SpawnError> for EngineError {
    fn from(error: SpawnError) -> Self {
        Self::Spawn(Cause::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn what_a_front_end_has_to_tell_apart_is_a_variant_with_the_same_words() {
        let taken = || ReserveError::NameTaken {
            id: "web".parse().unwrap(),
        };
        let error = EngineError::from(taken());
        assert!(matches!(&error, EngineError::NameTaken { id } if id.as_str() == "web"));
        assert_eq!(error.to_string(), format!("cannot create the container: {}", taken()));

        let missing = || CreateError::ProgramMissing {
            program: "qemu-system-x86_64".to_owned(),
            hint: "apt-get install qemu-system-x86".to_owned(),
        };
        let error = EngineError::from(missing());
        assert_eq!(error.to_string(), format!("cannot use a hypervisor: {}", missing()));
        assert_eq!(error.hint().as_deref(), missing().hint());
    }

    #[test]
    fn what_lies_below_a_cause_stays_its_source() {
        let list = ListError {
            path: "/containers".into(),
            source: std::io::Error::other("the disk is gone"),
        };
        let error = EngineError::from(list);
        assert_eq!(error.to_string(), "cannot list /containers: the disk is gone");
        assert_eq!(error.source().unwrap().to_string(), "the disk is gone");
    }
}
