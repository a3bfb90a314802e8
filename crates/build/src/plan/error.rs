//! Why there is no plan.

use std::fmt;

use container_dockerfile::{ExpandError, PortError, Range};
use container_oci::{PlatformError, ReferenceError};

use crate::AddressError;

/// Why a Dockerfile cannot be built as it is asked for.
#[derive(Debug, thiserror::Error)]
pub struct PlanError {
    /// What is wrong.
    #[source]
    pub problem: PlanProblem,
    /// Where, if it is about a place in the Dockerfile.
    pub range: Option<Range>,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some(range) => write!(f, "{range}: {}", self.problem),
            None => self.problem.fmt(f),
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanProblem {
    /// A word that cannot be expanded.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// A mount that is none when its variables are known.
    #[error(transparent)]
    Mount(#[from] container_dockerfile::MountError),
    /// A base that is empty when its variables are known.
    #[error("base name ({word}) should not be blank")]
    BlankBase {
        /// As it was written.
        word: String,
    },
    /// A base or source that is no name of an image.
    #[error("failed to parse stage name {name:?}: {source}")]
    Reference {
        /// The name.
        name: String,
        /// Why it is none.
        source: ReferenceError,
    },
    /// A platform that is empty when its variables are known.
    #[error("empty platform value from expression {word}")]
    BlankPlatform {
        /// As it was written.
        word: String,
    },
    /// A platform that is none.
    #[error("failed to parse platform {word}: {source}")]
    Platform {
        /// As it was written.
        word: String,
        /// Why it is none.
        source: PlatformError,
    },
    /// A stage to be built that is not there.
    #[error("target stage {name:?} could not be found{}", did_you_mean(.suggestion))]
    NoTarget {
        /// The name.
        name: String,
        /// A stage with a similar name.
        suggestion: Option<String>,
    },
    /// A number that no stage has.
    #[error("invalid stage index {index}")]
    NoStage {
        /// The number.
        index: usize,
    },
    /// A stage that is used before it is made.
    #[error("cannot copy from stage {from:?}, it needs to be defined before current stage {current:?}")]
    Forward {
        /// The stage that is used.
        from: String,
        /// The stage that uses it.
        current: String,
    },
    /// A stage that starts from a named context with files only.
    #[error(
        "the context {name:?} has files only: a stage starts from an image or from scratch (COPY --from={name} takes files of it)"
    )]
    FilesAsBase {
        /// The context.
        name: String,
    },
    /// A trigger of a base that is no instruction.
    #[error("the base says ONBUILD {trigger:?}, which is not understood: {source}")]
    Trigger {
        /// The trigger.
        trigger: String,
        /// What is wrong with it.
        source: Box<container_dockerfile::ParseError>,
    },
    /// Several sources, and a destination that is no directory.
    #[error(
        "when using {keyword} with more than one source file, the destination must be a directory and end with a /"
    )]
    DestinationNotDirectory {
        /// `COPY` or `ADD`.
        keyword: &'static str,
    },
    /// `COPY` of what only `ADD` can.
    #[error("source can't be a {what} for COPY: {source_path:?} (ADD takes it)")]
    RemoteCopy {
        /// `URL` or `git ref`.
        what: &'static str,
        /// The source.
        source_path: String,
    },
    /// A checksum for more than one source, or for one that has none.
    #[error("--checksum needs exactly one source, which is fetched over HTTP or from a Git repository")]
    Checksum,
    /// A checksum of a file that is no SHA-256.
    #[error("--checksum={text}: a file that is fetched has a checksum of the form sha256:<64 hexadecimal digits>")]
    ChecksumForm {
        /// As it was given.
        text: String,
    },
    /// An address of a repository that makes no sense, or not together with the flags.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// `--keep-git-dir` says something else than the address.
    #[error("inconsistent keep-git-dir configuration: the flag and the address of the repository do not say the same")]
    KeepGitDir,
    /// `--checksum` says something else than the address.
    #[error(
        "checksum mismatch {flag:?} != {address:?}: the flag and the address of the repository do not say the same"
    )]
    ChecksumTwice {
        /// The flag.
        flag: String,
        /// The address.
        address: String,
    },
    /// A Dockerfile that nobody has meant.
    #[error("the Dockerfile has more than {limit} instructions, variables, sources and mounts")]
    TooLong {
        /// What is allowed.
        limit: usize,
    },
    /// A mode that is none.
    #[error(
        "invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777, or symbolic such as u=rwX,go=rX"
    )]
    Mode {
        /// As it was given.
        text: String,
    },
    /// Ports that are none.
    #[error(transparent)]
    Ports(#[from] PortError),
    /// A volume without a name.
    #[error("VOLUME specified can not be an empty string")]
    EmptyVolume,
    /// A signal that is none.
    #[error("invalid signal: {text}")]
    Signal {
        /// As it was given.
        text: String,
    },
    /// A mount on the root.
    #[error("invalid mount target {target:?}")]
    MountTarget {
        /// The path.
        target: String,
    },
    /// Nothing to be run.
    #[error("RUN needs a command")]
    EmptyCommand,
}

impl PlanProblem {
    /// The problem at a place.
    pub(crate) fn at(self, range: Range) -> PlanError {
        let range = match &self {
            Self::Expand(error) => error.range,
            _ => range,
        };
        PlanError {
            problem: self,
            range: Some(range),
        }
    }

    /// The problem of the request.
    pub(crate) fn anywhere(self) -> PlanError {
        PlanError {
            problem: self,
            range: None,
        }
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion
        .as_ref()
        .map_or_else(String::new, |name| format!(" (did you mean {name}?)"))
}
