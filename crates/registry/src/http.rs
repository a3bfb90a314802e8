//! HTTP with a server that is not trusted: waits and documents are bounded, redirects are followed by our own code, and credentials
//! are sent only to the server that they are for.

mod answer;
mod authorization;
mod body;
mod challenge;
mod location;
mod pace;
mod request;
mod web;

pub(crate) use answer::Answer;
pub(crate) use authorization::Authorization;
pub(crate) use body::FileRange;
pub(crate) use challenge::Challenge;
pub(crate) use location::{host_of, is_loopback, is_same_origin, resolve};
pub(crate) use request::{Payload, Request};
pub(crate) use web::Web;
