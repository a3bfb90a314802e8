//! `Authorization` (RFC 9110, section 11.6.2).

use reqwest::RequestBuilder;

use crate::Secret;

/// The content of a request's `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    /// User name and password.
    Basic { username: String, password: Secret },
    /// A bearer token.
    Bearer(Secret),
}

impl Authorization {
    pub(crate) fn basic(username: &str, password: &Secret) -> Self {
        Self::Basic {
            username: username.to_owned(),
            password: password.clone(),
        }
    }

    /// Adds the header. It is marked as sensitive, so that the HTTP library does not print it.
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic { username, password } => request.basic_auth(username, Some(password.reveal())),
            Self::Bearer(token) => request.bearer_auth(token.reveal()),
        }
    }
}
