//! The foreground: the user's streams, signals and terminal tied to a process in a container.

mod begin;
mod follow;
mod signals;
mod streams;
mod teardown;

pub(crate) use begin::{BeginError, begin};
pub(crate) use follow::{Ending, Followed, follow, follow_some};
pub(crate) use signals::Signals;
pub(crate) use streams::Streams;
