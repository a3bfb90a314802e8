//! What the framework tells by itself of a machine.
#![expect(unsafe_code, reason = "a class of the Objective-C runtime is defined here")]

use objc2::rc::Retained;
use objc2::runtime::{NSObject, NSObjectProtocol};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send};
use objc2_foundation::NSError;
use objc2_virtualization::{VZNetworkDevice, VZVirtualMachine, VZVirtualMachineDelegate};
use tokio::sync::mpsc;

use crate::failure::VzFailure;

/// Something that happened to a machine.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The guest has turned it off.
    Stopped,
    /// It has ended with an error.
    Failed(VzFailure),
    /// A network interface has lost its descriptor.
    Disconnected(VzFailure),
    /// The guest's kernel has panicked, with these words.
    Panicked(String),
}

/// Senders only: a delegate lives as long as its machine, and must not be what keeps something of it alive.
pub(crate) struct Ivars {
    notices: mpsc::UnboundedSender<Notice>,
}

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and this one implements no `Drop`.
    #[unsafe(super(NSObject))]
    #[name = "ContainerMachineDelegate"]
    #[ivars = Ivars]
    pub(crate) struct MachineDelegate;

    // SAFETY: the protocol asks nothing further.
    unsafe impl NSObjectProtocol for MachineDelegate {}

    // SAFETY: the methods have the parameters that the protocol declares.
    unsafe impl VZVirtualMachineDelegate for MachineDelegate {
        #[unsafe(method(guestDidStopVirtualMachine:))]
        fn stopped(&self, _machine: &VZVirtualMachine) {
            self.tell(Notice::Stopped);
        }

        #[unsafe(method(virtualMachine:didStopWithError:))]
        fn failed(&self, _machine: &VZVirtualMachine, error: &NSError) {
            self.tell(Notice::Failed(VzFailure::of(error)));
        }

        #[unsafe(method(virtualMachine:networkDevice:attachmentWasDisconnectedWithError:))]
        fn disconnected(&self, _machine: &VZVirtualMachine, _device: &VZNetworkDevice, error: &NSError) {
            self.tell(Notice::Disconnected(VzFailure::of(error)));
        }
    }
);

impl MachineDelegate {
    pub(crate) fn new(notices: mpsc::UnboundedSender<Notice>) -> Retained<Self> {
        let delegate = Self::alloc().set_ivars(Ivars { notices });
        // SAFETY: `init` of NSObject takes nothing and gives the object.
        unsafe { msg_send![super(delegate), init] }
    }

    fn tell(&self, notice: Notice) {
        // Nobody listens once the end is known.
        let _ = self.ivars().notices.send(notice);
    }
}
