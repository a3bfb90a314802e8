//! Faults that come some time after a start.

use super::super::error::{self, Code};
use super::super::state::Run;
use super::notices::GuestNotices;
use super::{delegate, devices};
use crate::fault::faults;
use crate::foundation::array;
use crate::guest::Notices;
use crate::runtime::{Id, set_object};
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How a Linux kernel begins the line in which it gives up.
const PANIC: &str = "Kernel panic - not syncing: container-vz-stub was asked for it\n";

/// Plans the faults of this process for a machine that has just started.
pub(super) fn begin(run: &Arc<Run>) {
    let notices = Arc::new(GuestNotices::new(run));
    let on_queue = |delay, work: fn(&Arc<Run>, Id)| {
        let (run, start) = (Arc::downgrade(run), run.start_number());
        after(delay, move || {
            if let Some(run) = run.upgrade() {
                run.post(move |run, machine| {
                    if run.start_number() == start {
                        work(run, machine);
                    }
                });
            }
        });
    };
    on_queue(faults().guest_reset, reset);
    on_queue(faults().network_detached, detach_network);
    on_queue(faults().panic, panic);
    let (stopped, failed) = (Arc::clone(&notices), notices);
    after(faults().guest_stops, move || stopped.stopped());
    after(faults().stop_with_error, move || {
        failed.failed("The virtual machine stopped unexpectedly.".to_owned());
    });
}

fn after(delay: Option<Duration>, work: impl FnOnce() + Send + 'static) {
    if let Some(delay) = delay {
        thread::spawn(move || {
            thread::sleep(delay);
            work();
        });
    }
}

fn reset(run: &Arc<Run>, _machine: Id) {
    // Whether it comes back is the guest's business.
    let _ = run.with_guest(|guest| guest.reset());
    run.close_connections();
}

fn detach_network(_run: &Arc<Run>, machine: Id) {
    // SAFETY: this is the machine's queue.
    unsafe {
        let devices = devices(machine, "networkDevices");
        for device in array::items(devices.id()) {
            set_object(device.id(), "attachment", ptr::null_mut());
            let error = error::framework(Code::NetworkError, "The interface failed to start.");
            delegate::was_disconnected(machine, device.id(), &error);
        }
    }
}

fn panic(run: &Arc<Run>, _machine: Id) {
    for output in run.description.serial_ports.iter().filter_map(|port| port.output) {
        // SAFETY: the machine's configuration keeps the descriptor open.
        unsafe { libc::write(output, PANIC.as_ptr().cast(), PANIC.len()) };
    }
}
