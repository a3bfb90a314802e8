//! What can go wrong in a container's life.
//!
//! Errors of the parts below are causes here: their words are kept, their types are not shown. What a front end has to tell apart is a
//! variant, or a [`FailureClass`].

mod autostart;
mod cause;
mod class;
mod copy;
mod image;
mod in_use;
mod kernel;
mod launcher;
mod login;
mod network;
mod open;
mod parts;
mod report;
mod request;
mod root;
mod users;
mod volume;

use container_model::ContainerId;

pub use autostart::AutostartError;
pub use cause::Cause;
pub use class::FailureClass;
pub use copy::CopyError;
pub use image::{ImageError, ImageErrorKind};
pub(crate) use in_use::InUseError;
pub use kernel::KernelError;
pub use login::LoginError;
pub use network::NetworkError;
pub use open::OpenError;
pub use request::RequestError;
pub(crate) use root::StillError;
pub use volume::VolumeError;

/// What it means to the user that a connection to a launcher broke; the words of the transport would say nothing.
const LAUNCHER_GONE: &str = "the container's launcher was killed or has failed";

/// A verb failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No container has this name.
    #[error("container {name:?} not found")]
    ContainerNotFound {
        /// What was asked for.
        name: String,
    },
    /// Several containers begin with this name.
    #[error(transparent)]
    Ambiguous(Cause),
    /// The container is in a phase in which the verb makes no sense.
    #[error("cannot {verb} container {id}: it is {phase}")]
    Phase {
        /// The verb.
        verb: &'static str,
        /// The container.
        id: ContainerId,
        /// Its phase.
        phase: String,
    },
    /// The end of the container was waited for, and it has none that was seen.
    #[error("container {id} has no exit code: {reason}")]
    NoExitCode {
        /// The container.
        id: ContainerId,
        /// Why.
        reason: String,
    },
    /// It was to be started again, and its end is its removal.
    #[error("cannot restart container {id}: it is removed at its end (--rm)")]
    EndsForGood {
        /// The container.
        id: ContainerId,
    },
    /// The launcher does not know what was asked of it.
    #[error("cannot {verb} container {id}: it was started by an older release, which cannot do that")]
    OldLauncher {
        /// The verb.
        verb: &'static str,
        /// The container.
        id: ContainerId,
    },
    /// Only one client at a time can write to the standard input of a container.
    #[error("cannot attach to the container: another client is attached to its standard input")]
    InputTaken,
    /// Another version of the program has left the container in a phase that this one does not know.
    #[error(
        "cannot {verb} container {id}: its phase is {phase:?}, which this version does not know: use a newer `container`"
    )]
    UnknownPhase {
        /// The verb.
        verb: &'static str,
        /// The container.
        id: ContainerId,
        /// The name of the phase.
        phase: String,
    },
    /// There is a container of this name, or another command is making one.
    #[error("cannot create the container: the name {:?} is already in use", id.as_str())]
    NameTaken {
        /// The name.
        id: ContainerId,
    },
    /// The request contradicts itself or the image.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// The image that a container is to be made of cannot be used as it is here.
    #[error("cannot use image {image}: {source}")]
    UnusableImage {
        /// Its name.
        image: String,
        /// Why.
        source: ImageError,
    },
    /// An image could not be had, or what images need could not be looked at.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A kernel cannot be used.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// What starts containers together with the host is not what the verb needs.
    #[error(transparent)]
    Autostart(#[from] AutostartError),
    /// A network is not what the verb needs.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A volume is not what the verb needs.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The templates could not be looked through.
    #[error(transparent)]
    Templates(Cause),
    /// Files could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The app root or the settings cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A new container, its writable disk or its record could not be made.
    #[error("cannot create the container: {0}")]
    Create(#[source] Cause),
    /// A new container could not be made lasting.
    #[error(transparent)]
    Keep(Cause),
    /// The containers could not be listed.
    #[error(transparent)]
    List(Cause),
    /// The container's record could not be read.
    #[error(transparent)]
    Load(Cause),
    /// The container could not be removed.
    #[error(transparent)]
    Delete(Cause),
    /// There is no hypervisor on this host that could be used.
    #[error("cannot use a hypervisor: {source}")]
    Hypervisor {
        /// What to do about it, where the backend knows.
        hint: Option<String>,
        /// The backend's words.
        source: Cause,
    },
    /// A launcher could not be started.
    #[error("cannot start the container's launcher: {0}")]
    Spawn(#[source] Cause),
    /// The launcher of a running container does not answer.
    #[error("cannot reach the launcher of container {id}: {source}")]
    Connect {
        /// The container.
        id: ContainerId,
        /// Why.
        source: Cause,
    },
    /// The launcher of a running container is of a release that speaks no version of the control protocol that this one speaks.
    #[error("cannot speak to the launcher of container {id}: {source}")]
    LauncherVersions {
        /// The container.
        id: ContainerId,
        /// Version of the program that started it.
        program_version: String,
        /// Which versions of the protocol both speak.
        source: Cause,
    },
    /// The launcher could not bring the workload up.
    #[error("{message}")]
    Launch {
        /// Whose failure it is: [`FailureClass::Launch`], [`FailureClass::NotExecutable`] or [`FailureClass::ProgramNotFound`].
        class: FailureClass,
        /// What failed, on what and why.
        message: String,
        /// What to do about it; may be empty.
        hint: String,
    },
    /// A request to the launcher failed.
    #[error("cannot {action}: {reason}")]
    Control {
        /// What was asked of it.
        action: &'static str,
        /// Its answer.
        reason: String,
    },
    /// The launcher went away in the middle of a session.
    #[error("{LAUNCHER_GONE}")]
    Lost,
    /// The launcher went away before the workload ran, and its log says more.
    #[error("{loss}; its log ends with:\n{last_words}")]
    Died {
        /// How that was noticed.
        loss: Box<EngineError>,
        /// The last lines of its log.
        last_words: String,
    },
    /// The root of a container could not be read on the host, or what was read not be written.
    #[error("cannot {verb} container {id}: {source}")]
    Root {
        /// The verb.
        verb: &'static str,
        /// The container.
        id: ContainerId,
        /// Why.
        source: Cause,
    },
    /// A log could not be read.
    #[error("cannot read the log of container {id}: {source}")]
    Log {
        /// The container.
        id: ContainerId,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A container could not be given another name.
    #[error("cannot rename container {id}: {source}")]
    Rename {
        /// The container.
        id: ContainerId,
        /// Why.
        source: Cause,
    },
    /// A container could not be given other limits; nothing of them has changed.
    #[error("cannot update container {id}: {reason}")]
    Update {
        /// The container.
        id: ContainerId,
        /// Why.
        reason: String,
    },
    /// The events could not be read.
    #[error("cannot read the events: {0}")]
    Events(std::io::Error),
    /// Its output is not kept.
    #[error(
        "cannot read the log of container {id}: it was made with --log-driver none, and \
         the configured logging driver does not support reading"
    )]
    NoLog {
        /// The container.
        id: ContainerId,
    },
    /// Its log was written by a release that kept neither times nor streams.
    #[error(
        "cannot choose lines of container {id} by time, or say more of them: its log was written by an older release, without times; \
         leave out --since, --until, --timestamps and --details, or start the container again"
    )]
    OldLog {
        /// The container.
        id: ContainerId,
    },
    /// Work on a thread of its own did not come to its end.
    #[error("cannot {action}: the work was interrupted")]
    Interrupted {
        /// What was to be done.
        action: &'static str,
    },
}
