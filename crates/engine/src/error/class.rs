//! What kinds of failure there are.

/// What kind of failure it is: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The request makes no sense.
    Usage,
    /// A container or image that is not there.
    NotFound,
    /// Our own failure before the program was started.
    Launch,
    /// The program was found but cannot be executed.
    NotExecutable,
    /// The program was not found.
    ProgramNotFound,
    /// Nobody reads the results any more.
    ReaderGone,
    /// Everything else.
    Other,
}
