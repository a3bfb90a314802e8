//! A backend without machines, for tests of what drives machines.
//!
//! Its machines are tasks of the test's own runtime: the agent's stream is one end of a socket pair, the other end is
//! served by a gRPC server that speaks the real protocol and does what the test's [`Guest`] says. It also plays
//! guests that fail: one that hangs in boot, dies in boot, sends garbage, or whose connections come late, never, or are
//! refused. Its machines stand still when the test says that the host has no room. As a real agent does, it takes the token from its kernel command line and refuses a client that does not show it;
//! one of a machine that was restored knows what it knew when it was saved.

mod agent;
mod backend;
mod connector;
mod guest;
mod machine;
mod process;
mod room;
mod saving;
mod socket;
mod template;

pub use backend::FakeHypervisor;
pub use guest::{Boot, Channel, Guest, Observed, Outcome, Process};
pub use machine::FakeMachine;
