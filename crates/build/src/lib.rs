//! Images from Dockerfiles, without a builder service.
//!
//! A build goes through these parts, each of which knows only those before it:
//!
//! 1. `load`: the Dockerfile, the contexts and what is ignored of them. What is on other machines, `remote` fetches.
//! 2. `plan`: what has to be done, as a pure function of the Dockerfile, the request and the base images.
//! 3. `execute`: the stages side by side, their steps one after another, each of them from the cache where that has it. Files are copied by the host
//!    (`files`); commands run in a machine of the stage's own.
//! 4. `finish`: the image in the store, or whatever was asked for.
//! 5. `exchange`: what was done, for builds elsewhere; from there also come steps that need not be done.
//!
//! [`build()`] does all of it, and tells a [`BuildProgress`] what it does. [`check()`] plans only, and says what is odd about the Dockerfile.

mod address;
mod build;
mod check;
mod debug_shell;
mod epoch;
mod error;
mod exchange;
mod execute;
mod files;
mod finish;
mod image;
mod inputs;
mod layout;
mod layouts;
mod load;
mod mode;
mod output;
mod place;
mod plan;
mod progress;
mod provenance;
mod remote;
mod request;
mod switch;
mod told_request;
mod vertex;
mod warning;

pub use address::{Address, AddressError, GitAddress, WebAddress};
pub use build::build;
pub use check::{CheckReport, check};
pub use debug_shell::DebugShell;
pub use error::{BuildError, StepError, StepFailure};
pub use exchange::{CacheDestination, CacheExportError, CacheMode, CachePlace, CacheSource, CacheTarget, ExportError};
pub use files::FilesError;
pub use layout::LayoutError;
pub use output::{
    Annotation, AnnotationPlace, BuildOutcome, BuildOutput, BuiltImage, ImageForm, ImageOutput, OutputTarget,
};
pub use place::Place;
pub use plan::{PlanError, PlanProblem};
pub use progress::{BuildEvent, BuildProgress, NoBuildProgress, OutputStream, VertexId};
pub use provenance::ProvenanceRequest;
pub use remote::RemoteError;
pub use request::{
    BuildNetwork, BuildRequest, ContextSource, DockerfileSource, NamedContextSource, NoCache, SecretSource,
};
pub use warning::{BrokenRule, BuildWarning};
