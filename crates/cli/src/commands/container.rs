//! Containers: their verbs stand at the top level of the command line.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod exec;
pub(crate) mod inspect;
pub(crate) mod kill;
pub(crate) mod launcher;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod port;
pub(crate) mod run;
pub(crate) mod start;
pub(crate) mod stop;

mod cidfile;
mod postmortem;
mod several;
