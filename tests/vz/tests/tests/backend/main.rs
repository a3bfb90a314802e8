//! The backend `container-hypervisor-vz` as it is, on the stand-in for the framework.
//!
//! Every case is a process of its own, because faults are played to a whole process, and because what the framework forbids ends it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by them"
)]

mod agent;
mod capability;
mod case;
mod detection;
mod life;
mod machines;
mod refusal;
mod round_trip;
