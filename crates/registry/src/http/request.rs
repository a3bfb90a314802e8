//! Requests.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Body, Method, Url};

use super::FileRange;
use crate::Secret;

/// A request that can be sent again: after a challenge, or to where a redirect leads.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// All headers but `Authorization`.
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Payload {
    Nothing,
    Bytes(Bytes),
    /// A body with a credential. It is not sent along a redirect.
    Secret(Secret),
    File(FileRange),
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            payload: Payload::Nothing,
        }
    }
}

impl Payload {
    pub(crate) fn body(&self) -> Option<Body> {
        match self {
            Self::Nothing => None,
            Self::Bytes(bytes) => Some(bytes.clone().into()),
            Self::Secret(secret) => Some(secret.reveal().to_owned().into()),
            Self::File(range) => Some(range.body()),
        }
    }
}
