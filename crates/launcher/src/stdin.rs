//! Standard input on its way from clients to a process.

mod passing;
mod slot;

pub(crate) use passing::{Departure, InputEvent, pass_on, pump};
pub(crate) use slot::{StdinLease, StdinSlot};
