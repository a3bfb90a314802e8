//! A machine that is up.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use container_agent::StartingProcess;
use container_hypervisor::Machine;

use super::room::RoomKeeper;
use crate::logs::ConsoleLog;
use crate::session::Run;

/// A machine with the container's file systems in place, and what belongs to it.
pub(crate) struct Booted {
    pub(crate) machine: Machine,
    pub(crate) run: Arc<Run>,
    pub(crate) console: ConsoleLog,
    /// What has it go on after it stood still.
    pub(crate) room: Option<RoomKeeper>,
    /// What its file server tells; until it is listened to.
    pub(crate) share_changes: Option<UnixStream>,
    /// The workload, if it has been asked for already.
    pub(crate) starting: Option<StartingProcess>,
}
