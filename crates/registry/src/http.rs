//! HTTP as a client that trusts nobody speaks it: bounded waits and bodies, redirects followed by hand, and no secret sent to
//! anybody but the one it is for.

mod answer;
mod body;
mod location;
mod pace;
mod request;
mod web;

pub(crate) use answer::Answer;
pub(crate) use body::FileRange;
pub(crate) use location::{host_of, is_loopback, is_same_origin, resolve};
pub(crate) use request::{Payload, Request};
pub(crate) use web::{SILENCE_LIMIT, Web};
