//! What runs in a machine.
//!
//! The framework's part of the stand-in knows a guest by [`Guest`] and is told by it through [`Notices`]; [`boot`] chooses which guest there is.

mod echo;
mod qemu;

use crate::description::MachineDescription;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Takes the host's end of a connection, or why there is none. It may be called by any thread and at any time; when it is dropped instead, the
/// attempt is never answered.
pub(crate) type ConnectAnswer = Box<dyn FnOnce(io::Result<OwnedFd>) + Send>;

/// A guest that runs. Dropping it ends it.
pub(crate) trait Guest: Send {
    /// Connects to a port that the guest listens on, without waiting for it. The descriptor is a connected stream socket.
    fn connect(&mut self, port: u32, answer: ConnectAnswer);

    /// Halts the processors.
    ///
    /// # Errors
    /// When the guest cannot be reached.
    fn pause(&mut self) -> io::Result<()>;

    /// Lets halted processors go on.
    ///
    /// # Errors
    /// When the guest cannot be reached.
    fn resume(&mut self) -> io::Result<()>;

    /// Starts the guest anew in place, as a reset from within it does. Its connections end.
    ///
    /// # Errors
    /// When the guest cannot be reached.
    fn reset(&mut self) -> io::Result<()>;

    /// Ends the guest and all its connections, and returns when they have ended.
    fn end(&mut self);
}

/// What a guest tells. Every call may come from any thread, and returns at once.
pub(crate) trait Notices: Send + Sync {
    /// The guest has switched itself off.
    fn stopped(&self);

    /// The guest has ended because something failed.
    fn failed(&self, reason: String);

    /// The guest connects to a port of the host, with this end for the host.
    fn dialed(&self, port: u32, descriptor: OwnedFd);
}

/// Starts the guest that a machine has, and returns when it runs. Called by a thread of its own.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn boot(machine: &MachineDescription, notices: Arc<dyn Notices>) -> io::Result<Box<dyn Guest>> {
    match qemu::kernel(machine) {
        Some(kernel) => Ok(Box::new(qemu::QemuGuest::start(machine, kernel, notices)?)),
        None => Ok(Box::new(echo::EchoGuest::start(machine, notices)?)),
    }
}
