//! Authentication at a registry: challenges, credentials, scopes and bearer tokens.

mod authenticator;
mod scopes;
mod token;

pub(crate) use authenticator::Authenticator;
pub(crate) use scopes::Scopes;
