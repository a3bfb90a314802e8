//! Why containers could not be made to start together with the host.

use std::io;
use std::path::PathBuf;

use crate::Cause;

/// What starts containers together with the host could not be set up, looked at or taken away.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// It is not known where this user's files are.
    #[error("cannot tell where this user's units are: {variables} must be an absolute path")]
    NoHome {
        /// The variables that say so.
        variables: &'static str,
    },
    /// What is to be started is not there.
    #[error("cannot find the file of this program: {0}")]
    Program(io::Error),
    /// The unit has no way to say something.
    #[error("cannot write a unit with {what} {value:?}: {reason}")]
    Unwritable {
        /// What the value is.
        what: &'static str,
        /// It, as far as it is text.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Somebody else's file is in the place.
    #[error("{} was not made by `container system autostart enable`, and is left as it is: move it away, then try again", path.display())]
    Foreign {
        /// It.
        path: PathBuf,
    },
    /// A file or directory could not be worked with.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// What was to be done with it.
        verb: &'static str,
        /// It.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file could not be written, or not be made durable.
    #[error(transparent)]
    Write(Cause),
}
