//! QEMU's machine protocol, as far as it is needed here: one command at a time, and the events about machines that stand still.

mod client;
mod message;
mod reader;

pub(crate) use client::QmpClient;
pub(crate) use message::Event;
