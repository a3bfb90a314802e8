//! A machine that is parked can be saved, and what is restored of it be made a container of its own.
//!
//! All machines of one template go on from the same memory. What would make them twins is made new by [`Machine::resume`], first of all the state of the random
//! number generator. What the kernel draws once and keeps has to be drawn after it: the boot id is when it is read first, the secrets of TCP when there is a
//! first connection, and the address layout of a program when it is started. None of this happens before.

use container_workload::ResumeError;
use tonic::Status;

use super::{Machine, State};
use crate::interface::Prepared;
use crate::requests::{Resume, ResumedContainer};
use crate::{clock, entropy, requests};

impl Machine {
    /// Lets nothing run until the machine is resumed. Brings the network interfaces with these addresses up. If there is a container, reads what a first process
    /// is likely to need, and has that process wait in it.
    pub(crate) fn park(&self, device_addresses: &[[u8; 6]]) -> Result<(), Status> {
        // A container that is made later finds it done.
        self.prepare();
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
        state.interfaces = Prepared::new(device_addresses);
        Ok(())
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.state().parked
    }

    /// Makes the machine, and its container if it has one, what the host says. It stays parked when a step fails.
    pub(crate) fn resume(&self, resume: &Resume) -> Result<(), Status> {
        entropy::add(&resume.entropy)
            .map_err(|error| Status::internal(format!("cannot add entropy to the random number generator: {error}")))?;
        if resume.time_unix_ns != 0 {
            clock::set_wall_clock(resume.time_unix_ns).map_err(clock::cannot_set)?;
        }
        let mut state = self.state();
        state.resume_container(resume.container.as_ref())?;
        state.interfaces.configure(&resume.interfaces)?;
        state.parked = false;
        Ok(())
    }
}

impl State {
    fn park(&mut self) -> Result<(), Status> {
        let refusal = if self.creating {
            "the container is being made"
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

    /// Makes the container what the host says, which has to know whether there is one.
    fn resume_container(&mut self, wanted: Option<&ResumedContainer>) -> Result<(), Status> {
        match (&mut self.container, wanted) {
            (None, None) => Ok(()),
            (Some(container), Some(wanted)) => container
                .resume(&wanted.hostname, &wanted.names, wanted.limits)
                .map_err(|error| match error {
                    ResumeError::Resolver => Status::failed_precondition(error.to_string()),
                    ResumeError::Files(_) | ResumeError::Cgroup(_) => Status::internal(error.to_string()),
                }),
            (None, Some(_)) => Err(Status::failed_precondition("this machine has no container")),
            (Some(_), None) => Err(Status::failed_precondition("this machine has a container")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_agent_api::v1::CreateContainerRequest;
    use container_workload::Limits;
    use tonic::Code;

    use crate::requests;

    /// A machine that has come as far as `reach` says.
    fn state(reach: impl FnOnce(&mut State)) -> State {
        let mut state = State::default();
        reach(&mut state);
        state
    }

    #[test]
    fn a_machine_is_parked_once_and_before_anything_runs_or_is_half_made() {
        assert!(state(|_| ()).park().is_ok(), "it needs no container");
        for reach in [
            |state: &mut State| state.creating = true,
            |state: &mut State| state.has_run = true,
            |state: &mut State| state.parked = true,
        ] {
            let refused = state(reach).park().unwrap_err();
            assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        }
    }

    #[test]
    fn a_machine_without_a_container_is_not_resumed_as_one_that_has_it() {
        let container = ResumedContainer {
            hostname: "web".to_owned(),
            names: requests::names(None).unwrap(),
            limits: Limits::default(),
        };
        let mut state = state(|state| state.parked = true);
        let refused = state.resume_container(Some(&container)).unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(state.resume_container(None).is_ok());
    }

    #[tokio::test]
    async fn no_container_is_made_in_a_parked_machine() {
        let machine = Machine::new(0);
        machine.state().parked = true;
        let refused = machine.create(CreateContainerRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
    }
}
