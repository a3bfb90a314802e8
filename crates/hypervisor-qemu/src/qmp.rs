//! QEMU's machine protocol, as far as it is needed here: one command at a time, events ignored.

mod client;
mod message;

pub(crate) use client::QmpClient;
