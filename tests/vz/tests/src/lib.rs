//! What the tests of the stand-in for Virtualization.framework share: cases in processes of their own, what the stand-in reports, and a machine
//! with everything that the framework binds to a queue kept there.

pub mod configuration;
pub mod delegate;
pub mod failure;
pub mod machine;
pub mod process;
pub mod report;
pub mod sent;
