//! What the guest tells becomes what the framework does, on the machine's queue.

use super::super::error::{self, Code};
use super::super::socket;
use super::super::state::{Run, State};
use super::{delegate, devices};
use crate::foundation::array;
use crate::guest::Notices;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

/// Belongs to one start of the guest; what a guest tells after its end is not heard.
pub(super) struct GuestNotices {
    run: Weak<Run>,
    start: u64,
}

impl GuestNotices {
    pub(super) fn new(run: &Arc<Run>) -> Self {
        Self {
            run: Arc::downgrade(run),
            start: run.start_number(),
        }
    }

    fn post(&self, work: impl FnOnce(&Arc<Run>, crate::runtime::Id) + Send + 'static) {
        let Some(run) = self.run.upgrade() else { return };
        let start = self.start;
        run.post(move |run, machine| {
            let is_over = matches!(run.state(), State::Stopped | State::Error);
            if run.start_number() == start && !is_over {
                work(run, machine);
            }
        });
    }
}

impl Notices for GuestNotices {
    fn stopped(&self) {
        self.post(|run, machine| {
            run.end();
            run.set_state(State::Stopped);
            // SAFETY: this is the machine's queue.
            unsafe { delegate::guest_did_stop(machine) };
        });
    }

    fn failed(&self, reason: String) {
        self.post(move |run, machine| {
            run.end();
            run.set_state(State::Error);
            let error = error::framework(Code::Internal, &reason);
            // SAFETY: as above.
            unsafe { delegate::did_stop_with_error(machine, &error) };
        });
    }

    fn dialed(&self, port: u32, descriptor: OwnedFd) {
        self.post(move |run, machine| {
            // SAFETY: as above.
            unsafe {
                let devices = devices(machine, "socketDevices");
                if let Some(device) = array::items(devices.id()).first() {
                    socket::dialed(run, device.id(), port, descriptor);
                }
            }
        });
    }
}
