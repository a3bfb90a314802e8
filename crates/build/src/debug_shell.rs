//! A look around where a command failed.

use std::fmt;
use std::pin::Pin;

use container_engine::{Session, WindowSize};

use crate::StepFailure;

/// The user, in front of a terminal, who wants a shell in the state of a command that failed.
pub trait DebugShell: fmt::Debug {
    /// The size of the terminal.
    fn window_size(&self) -> Option<WindowSize>;

    /// Ties the terminal to a shell until that has ended. What is done in it is in no image.
    fn attach<'s>(&'s self, failure: &'s StepFailure, shell: Session) -> Pin<Box<dyn Future<Output = ()> + 's>>;

    /// There is no shell, and this is why.
    fn refused(&self, reason: &dyn fmt::Display);
}
