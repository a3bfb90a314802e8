//! A machine that is parked can be saved, and what is restored of it be made a container of its own.
//!
//! All machines of one template go on from the same memory. What would make them twins is made new by [`Machine::resume`], first of all the state of the random
//! number generator. What the kernel draws once and keeps has to be drawn after it: the boot id is when it is read first, the secrets of TCP when there is a
//! first connection, and the address layout of a program when it is started. None of this happens before.

use container_workload::ResumeError;
use tonic::Status;

use super::{Machine, State};
use crate::interface::Prepared;
use crate::requests::Resume;
use crate::{clock, entropy, requests};

impl Machine {
    /// Lets nothing run until the machine is resumed. Reads what a first process is likely to need, has that process wait in the container, and brings the
    /// network interfaces up.
    pub(crate) fn park(&self) -> Result<(), Status> {
        let mut state = self.state();
        state.park()?;
        if let Some(container) = &mut state.container {
            container.read_ahead();
            // Those for steps have no root yet.
            if container.has_root()
                && let Err(error) = container.fork_ahead(requests::read_spec)
            {
                eprintln!("vminitd: no first process waits: {error}");
            }
        }
        state.interfaces = Prepared::new();
        Ok(())
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.state().parked
    }

    /// Makes the machine and its container what the host says. It stays parked when a step fails.
    pub(crate) fn resume(&self, resume: &Resume) -> Result<(), Status> {
        entropy::add(&resume.entropy)
            .map_err(|error| Status::internal(format!("cannot add entropy to the random number generator: {error}")))?;
        if resume.time_unix_ns != 0 {
            clock::set_wall_clock(resume.time_unix_ns).map_err(clock::cannot_set)?;
        }
        let mut state = self.state();
        let container = state.container.as_mut();
        let container = container.ok_or_else(|| Status::failed_precondition("this machine has no container"))?;
        container
            .resume(&resume.hostname, &resume.names, resume.limits)
            .map_err(|error| match error {
                ResumeError::Resolver => Status::failed_precondition(error.to_string()),
                ResumeError::Files(_) | ResumeError::Cgroup(_) => Status::internal(error.to_string()),
            })?;
        state.interfaces.configure(&resume.interfaces)?;
        state.parked = false;
        Ok(())
    }
}

impl State {
    fn park(&mut self) -> Result<(), Status> {
        let refusal = if self.container.is_none() || self.creating {
            "this machine has no container yet"
        } else if self.has_run {
            "the container has run"
        } else if self.parked {
            "this machine is parked"
        } else {
            self.parked = true;
            return Ok(());
        };
        Err(Status::failed_precondition(refusal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    #[test]
    fn a_machine_without_a_container_is_not_parked() {
        let machine = Machine::new(0);
        assert_eq!(machine.park().unwrap_err().code(), Code::FailedPrecondition);
        assert!(!machine.is_parked());
    }
}
