//! Why there is no image.

use std::io;
use std::path::{Path, PathBuf};

use container_build_cache::CacheError;
use container_build_context::{FindIgnoreError, IgnoreError, OpenError, ReadFileError, TarError};
use container_dockerfile::{ParseError, ParseProblem, Range};
use container_engine::{EngineError, ImageError};
use container_image::{ContentError, DraftError, ResolveError};
use container_oci::Platform;

use crate::place::{DockerfileText, Place};
use crate::{CacheExportError, FilesError, LayoutError, PlanError, RemoteError};

/// Why there is no image. Names point at what they did.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The Dockerfile is nowhere.
    #[error("there is no Dockerfile {name:?} in the build context (try: --file)")]
    NoDockerfile {
        /// The name.
        name: String,
    },
    /// The context was to come from a stream that has nothing.
    #[error("nothing came where the context was expected: a tar with a Dockerfile in it, or a Dockerfile alone")]
    EmptyContextStream,
    /// The Dockerfile cannot be read.
    #[error("cannot read the Dockerfile {}: {source}", path.display())]
    ReadDockerfile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The Dockerfile cannot be read from the context.
    #[error("cannot read the Dockerfile: {0}")]
    DockerfileInContext(#[from] ReadFileError),
    /// The Dockerfile is no text.
    #[error("the Dockerfile is not UTF-8 text")]
    NoText,
    /// The Dockerfile is not understood.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The Dockerfile cannot be built.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The context cannot be opened.
    #[error("{}: {}", .0, .0.source)]
    Context(#[from] OpenError),
    /// The context's tar.
    #[error(transparent)]
    ContextTar(#[from] TarError),
    /// A stream as the context cannot be read.
    #[error("cannot read the build context: {source}")]
    ContextStream {
        /// Why.
        source: io::Error,
    },
    /// A file that is a context cannot be taken in.
    #[error(transparent)]
    ContextFile(FilesError),
    /// A stream is no archive, so that it would be the Dockerfile, and another one was named.
    #[error(
        "what was given as the build context is no archive, so it would be the Dockerfile, but another Dockerfile was named (--file)"
    )]
    TwoDockerfiles,
    /// What is on another machine.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// An OCI layout that is a named context.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// What is ignored of the context.
    #[error(transparent)]
    Ignore(#[from] FindIgnoreError),
    /// A file beside the Dockerfile that says what is ignored, and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    ReadIgnore {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is ignored according to a file beside the Dockerfile.
    #[error("{}: {source}", path.display())]
    IgnoreBeside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: IgnoreError,
    },
    /// A secret that is for servers of repositories cannot be read.
    #[error("cannot read the secret {id:?}: {source}")]
    Secret {
        /// Its id.
        id: String,
        /// Why.
        source: io::Error,
    },
    /// `SOURCE_DATE_EPOCH` is none.
    #[error("SOURCE_DATE_EPOCH is {value:?}, and has to be a number of seconds since 1970, or \"context\"")]
    Epoch {
        /// What it is.
        value: String,
    },
    /// A base image could not be had.
    #[error("{image}: {source}")]
    Pull {
        /// Its name.
        image: String,
        /// Why.
        source: Box<ImageError>,
    },
    /// A base image is here, and of no use.
    #[error(transparent)]
    Base(#[from] ResolveError),
    /// A step failed.
    #[error("{0}")]
    Step(Box<StepFailure>),
    /// The cache.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The image could not be made.
    #[error(transparent)]
    Image(#[from] DraftError),
    /// The image store.
    #[error(transparent)]
    Store(#[from] ContentError),
    /// The image could not be written where it was to go.
    #[error("cannot write the result to {}: {source}", path.display())]
    Output {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The image could not be written to the standard output.
    #[error("cannot write the result to the standard output: {source}")]
    Stream {
        /// Why.
        source: io::Error,
    },
    /// The image could not be saved or pushed. It is in the store.
    #[error(transparent)]
    Export(Box<ImageError>),
    /// A cache for others.
    #[error(transparent)]
    CacheExport(#[from] CacheExportError),
    /// What the image carries along for later builds cannot be written as JSON.
    #[error("cannot describe the steps of the image: {0}")]
    InlineCache(#[from] serde_json::Error),
    /// The times in the layers could not be changed.
    #[error("cannot rewrite the times of the layers: {0}")]
    Rewrite(Box<StepError>),
    /// An image without a name cannot be pushed.
    #[error("an image needs a name to be pushed (try: --tag NAME)")]
    PushNeedsName,
    /// Only one result can go to the standard output.
    #[error("only one output can go to the standard output")]
    SeveralStreams,
    /// An annotation of an index, and there is none.
    #[error("the annotation {key:?} is for an index, and an image for one platform has none")]
    IndexAnnotation {
        /// Its key.
        key: String,
    },
    /// What the checks are to do is not understood.
    #[error("the build argument {name}: {problem}")]
    CheckOptions {
        /// The argument.
        name: &'static str,
        /// What is wrong with it.
        problem: ParseProblem,
    },
    /// The checks found something, and the Dockerfile asks that this be an error.
    #[error("lint violation found for rules: {}", rules.join(", "))]
    Checks {
        /// The rules that are broken.
        rules: Vec<&'static str>,
    },
    /// Something in the Dockerfile.
    #[error("{error}")]
    Placed {
        /// Where.
        place: Box<Place>,
        /// What, which is none of these itself.
        error: Box<BuildError>,
    },
    /// The program is coming to its end.
    #[error("the build was interrupted")]
    Interrupted,
}

impl BuildError {
    /// That the result could not be written, to a path or to a stream.
    pub(crate) fn output(path: Option<&Path>, error: StepError) -> Self {
        let source = io::Error::other(error);
        match path {
            Some(path) => Self::Output {
                path: path.to_owned(),
                source,
            },
            None => Self::Stream { source },
        }
    }

    /// Shows what stands where it is in the Dockerfile, if it is somewhere.
    pub(crate) fn placed(self, dockerfile: &DockerfileText) -> Self {
        let range = match &self {
            Self::Parse(error) => Some(error.range),
            Self::Plan(error) => error.range,
            Self::Step(failure) => Some(failure.range),
            _ => None,
        };
        match range {
            Some(range) => Self::Placed {
                place: Box::new(dockerfile.place(range)),
                error: Box::new(self),
            },
            None => self,
        }
    }
}

/// A step that failed.
#[derive(Debug, thiserror::Error)]
#[error("failed to build {label}: {cause}")]
pub struct StepFailure {
    /// The step, as progress calls it.
    pub label: String,
    /// Where it stands in the Dockerfile.
    pub range: Range,
    /// What it last wrote.
    pub last_lines: Vec<String>,
    /// Why.
    #[source]
    pub cause: StepError,
}

/// What may help, as errors of commands have it.
fn tried(error: &EngineError) -> String {
    error.hint().map_or_else(String::new, |hint| format!(" (try: {hint})"))
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The command ended with something other than 0.
    #[error("process {command:?} did not complete successfully: exit code: {code}")]
    Exit {
        /// The command.
        command: String,
        /// Its exit code.
        code: i32,
    },
    /// Files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// What had to be fetched.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The machine.
    #[error(transparent)]
    Machine(#[from] EngineError),
    /// A machine for programs of another architecture could not be had.
    #[error("RUN for {platform} needs a machine of that architecture: {source}{}", tried(source))]
    Foreign {
        /// For whose programs it was to be.
        platform: Platform,
        /// What is missing.
        source: Box<EngineError>,
    },
    /// An image that files are taken from.
    #[error(transparent)]
    Base(Box<BuildError>),
    /// The cache.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The layer.
    #[error(transparent)]
    Layer(#[from] DraftError),
    /// The key of the step could not be made.
    #[error("cannot describe the step: {0}")]
    Key(#[from] serde_json::Error),
    /// A secret or a socket that the step needs was not given.
    #[error("{what} {id:?} was not given (try: --{what} id={id},…)")]
    Missing {
        /// `secret` or `ssh`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A secret that is to be a variable is no text.
    #[error("the secret {id:?} is not UTF-8, and cannot be a variable: mount it as a file")]
    SecretNoText {
        /// Its id.
        id: String,
    },
    /// A secret cannot be read.
    #[error("cannot read the secret {id:?}: {source}")]
    Secret {
        /// Its id.
        id: String,
        /// Why.
        source: io::Error,
    },
    /// The program is coming to its end.
    #[error("the build was interrupted")]
    Interrupted,
}
