//! What is found out about the host: QEMU's program, whether its processor runs guests, the rate of the time-stamp counter. Found out once
//! per boot. What differs between operating systems is in [`system`].

pub(crate) mod blame;
pub(crate) mod findings;
pub(crate) mod given_back;
pub(crate) mod identity;
pub(crate) mod kernel;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(not(target_os = "linux"))]
pub(crate) mod macos;
pub(crate) mod probe;
mod probe_guest;
pub(crate) mod program;
pub(crate) mod record;
mod trial_image;
pub(crate) mod tsc;
mod tsc_clock;

#[cfg(target_os = "linux")]
pub(crate) use linux as system;
#[cfg(not(target_os = "linux"))]
pub(crate) use macos as system;
