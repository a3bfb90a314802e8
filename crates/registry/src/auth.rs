//! Who we are for a registry, and how it gets to know.

pub(crate) mod challenge;
pub(crate) mod credential;
mod gate;
mod scopes;
mod token;

pub(crate) use gate::{Authorization, Gate};
pub(crate) use scopes::Scopes;
