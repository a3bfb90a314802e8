//! What is found out about the host: QEMU's program, whether KVM works, the rate of the time-stamp counter. Found
//! out once per boot.

pub(crate) mod blame;
pub(crate) mod kernel;
pub(crate) mod kvm;
pub(crate) mod probe;
mod probe_guest;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod tsc;
mod tsc_clock;
