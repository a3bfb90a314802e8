//! A machine that is up.

use std::sync::Arc;

use container_hypervisor::Machine;

use crate::logs::ConsoleLog;
use crate::session::Run;

/// A machine with the container's file systems in place, and what belongs to it.
pub(crate) struct Booted {
    pub(crate) machine: Machine,
    pub(crate) run: Arc<Run>,
    pub(crate) console: ConsoleLog,
}
