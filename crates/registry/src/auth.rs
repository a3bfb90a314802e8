//! Authentication at a registry: challenges, credentials, scopes and bearer tokens.

mod authenticator;
pub(crate) mod challenge;
pub(crate) mod credential;
mod scopes;
mod token;

pub(crate) use authenticator::{Authenticator, Authorization};
pub(crate) use scopes::Scopes;
