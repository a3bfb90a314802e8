//! A delegate of a machine that sends on what it is told.

#![expect(unsafe_code, reason = "a class of the Objective-C runtime is defined here")]

use crate::failure::Failure;
use objc2::rc::Retained;
use objc2::runtime::{NSObject, NSObjectProtocol};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send};
use objc2_foundation::NSError;
use objc2_virtualization::{VZNetworkDevice, VZVirtualMachine, VZVirtualMachineDelegate};
use std::sync::mpsc::Sender;

/// What a delegate is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The guest has stopped.
    Stopped,
    /// The machine has stopped with an error.
    Failed(Failure),
    /// A network device has lost its attachment.
    Disconnected(Failure),
}

/// What a delegate keeps.
pub struct Ivars {
    events: Sender<Event>,
}

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and the class has no `Drop`.
    #[unsafe(super(NSObject))]
    #[name = "ContainerTestDelegate"]
    #[ivars = Ivars]
    /// Sends on what it is told.
    pub struct Delegate;

    // SAFETY: the protocol asks for nothing that NSObject has not.
    unsafe impl NSObjectProtocol for Delegate {}

    // SAFETY: the signatures are those of the protocol.
    unsafe impl VZVirtualMachineDelegate for Delegate {
        #[unsafe(method(guestDidStopVirtualMachine:))]
        fn stopped(&self, _machine: &VZVirtualMachine) {
            let _ = self.ivars().events.send(Event::Stopped);
        }

        #[unsafe(method(virtualMachine:didStopWithError:))]
        fn failed(&self, _machine: &VZVirtualMachine, error: &NSError) {
            let _ = self.ivars().events.send(Event::Failed(Failure::of(error)));
        }

        #[unsafe(method(virtualMachine:networkDevice:attachmentWasDisconnectedWithError:))]
        fn disconnected(&self, _machine: &VZVirtualMachine, device: &VZNetworkDevice, error: &NSError) {
            // SAFETY: delegates are called on the machine's queue.
            let attachment = unsafe { device.attachment() };
            assert!(attachment.is_none(), "the attachment is still there");
            let _ = self.ivars().events.send(Event::Disconnected(Failure::of(error)));
        }
    }
);

impl Delegate {
    /// One that sends to `events`.
    pub fn new(events: Sender<Event>) -> Retained<Self> {
        let delegate = Self::alloc().set_ivars(Ivars { events });
        // SAFETY: NSObject's `init`.
        unsafe { msg_send![super(delegate), init] }
    }
}
