//! The process that owns one running container.
//!
//! A launcher holds the container's lock, boots its virtual machine, starts the workload, carries its standard streams and serves
//! the control socket. It records what it observes and ends when the container has ended: after one run, from a boot to the end of
//! its machine, or after several ([`RunPolicy`]). Everything else talks to it over the protocol in `proto/control.proto`; [`control`]
//! is its client, [`LauncherProcess`] starts it, [`execute`] is it.
//!
//! The guest is hostile: what it sends is bounded at every step, and nothing it does or fails to do keeps the launcher from ending.
//! A client that reads slowly slows the workload down, one that is gone does not.

pub mod control;
mod events;
mod execute;
mod failure;
mod greet;
mod health;
mod launch;
mod life;
mod logs;
mod networks;
mod notes;
mod oom_kills;
mod plan;
mod reclaim;
mod recorder;
mod restarts;
mod run;
mod server;
mod session;
mod sockets;
mod spawn;
mod stdin;
mod switch_off;
mod templates;
mod timings;
mod volumes;

pub use execute::{execute, wait_for_starter};
pub use launch::{EndedRun, Launch, Limits, MachineChooser, NextRun, RunPolicy, TemplateUse};
pub use life::run;
pub use plan::capabilities::{CapabilityError, effective_capabilities};
pub use plan::{root_disk_format, seccomp_filter};
pub use restarts::Restarts;
pub use spawn::{LAUNCHER_COMMAND, LauncherProcess, SSH_AGENT_VARIABLE, SpawnError};
pub use timings::{TIMINGS_VARIABLE, Timings};
