//! The delegate of a machine, which the machine does not keep alive.

use super::Machine;
use crate::runtime::{Id, Selector, Strong, WeakReference, implementation, responds_to, with_payload};
use std::ffi::CStr;
use std::ptr;

pub(super) unsafe fn set(machine: Id, delegate: Id) {
    let reference = WeakReference::to(delegate);
    with_payload(machine, |machine: &mut Machine| machine.delegate = Some(reference));
}

pub(super) unsafe fn load(machine: Id) -> Strong {
    let delegate = with_payload(machine, |machine: &mut Machine| {
        machine.delegate.as_ref().map_or(ptr::null_mut(), WeakReference::load)
    });
    Strong::adopt(delegate)
}

/// The delegate, if it answers the message.
unsafe fn receiver(machine: Id, message: &CStr) -> Option<(Strong, Selector)> {
    let delegate = load(machine);
    let answers = !delegate.id().is_null() && responds_to(delegate.id(), message);
    answers.then(|| (delegate, Selector::named(message)))
}

pub(super) unsafe fn guest_did_stop(machine: Id) {
    if let Some((delegate, selector)) = receiver(machine, c"guestDidStopVirtualMachine:") {
        let tell: unsafe extern "C-unwind" fn(Id, Selector, Id) =
            std::mem::transmute(implementation(delegate.id(), selector).0);
        tell(delegate.id(), selector, machine);
    }
}

pub(super) unsafe fn did_stop_with_error(machine: Id, error: &Strong) {
    if let Some((delegate, selector)) = receiver(machine, c"virtualMachine:didStopWithError:") {
        let tell: unsafe extern "C-unwind" fn(Id, Selector, Id, Id) =
            std::mem::transmute(implementation(delegate.id(), selector).0);
        tell(delegate.id(), selector, machine, error.id());
    }
}

pub(super) unsafe fn was_disconnected(machine: Id, device: Id, error: &Strong) {
    let message = c"virtualMachine:networkDevice:attachmentWasDisconnectedWithError:";
    if let Some((delegate, selector)) = receiver(machine, message) {
        let tell: unsafe extern "C-unwind" fn(Id, Selector, Id, Id, Id) =
            std::mem::transmute(implementation(delegate.id(), selector).0);
        tell(delegate.id(), selector, machine, device, error.id());
    }
}
