//! The framework's objects of one machine, as its queue owns them. Every method here is for jobs of that queue.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use std::cell::Cell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::os::fd::OwnedFd;

use block2::RcBlock;
use container_hypervisor::CreateError;
use dispatch2::DispatchQueue;
use objc2::AllocAnyThread as _;
use objc2::rc::Retained;
use objc2::runtime::ProtocolObject;
use objc2_foundation::NSError;
use objc2_virtualization::{
    VZFileHandleNetworkDeviceAttachment, VZVirtioSocketConnection, VZVirtioSocketDevice, VZVirtualMachine,
    VZVirtualMachineState,
};
use tokio::sync::mpsc;

use crate::completion::{Completion, Handler, completion};
use crate::configuration::{self, Configured};
use crate::delegate::{MachineDelegate, Notice};
use crate::failure::VzFailure;
use crate::plan::Plan;

/// What a queue owns: nothing before its machine is made and after it has ended.
#[derive(Default)]
pub(crate) struct MachineObjects {
    machine: Option<Parts>,
    /// Connections whose streams are in use: a connection that is released takes its descriptor's peer with it.
    connections: HashMap<u64, Retained<VZVirtioSocketConnection>>,
    connection_count: u64,
}

struct Parts {
    machine: Retained<VZVirtualMachine>,
    /// The machine itself refers to it weakly.
    _delegate: Retained<MachineDelegate>,
    /// To be put back when the framework takes them away.
    attachments: Vec<Retained<VZFileHandleNetworkDeviceAttachment>>,
}

/// What is known of a machine once it is made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) machine_identifier: Vec<u8>,
    pub(crate) can_be_saved: bool,
}

/// How far an end has come.
pub(crate) enum Stop {
    /// There is nothing that runs.
    Over,
    /// Something else is under way that has to end first.
    Busy,
    /// It has begun.
    Begun(Completion),
}

impl MachineObjects {
    /// Makes the machine. `queue` is the one that this runs on.
    pub(crate) fn make(
        &mut self,
        plan: &Plan,
        console: OwnedFd,
        queue: &DispatchQueue,
        notices: mpsc::UnboundedSender<Notice>,
    ) -> Result<Made, CreateError> {
        let Configured {
            configuration,
            attachments,
            machine_identifier,
            can_be_saved,
        } = configuration::build(plan, console)?;
        let delegate = MachineDelegate::new(notices);
        // SAFETY: the configuration is valid, the queue is serial, and this is a job of it (`initWithConfiguration:queue:`). The delegate
        // is kept beside the machine, which refers to it weakly.
        let machine = unsafe {
            let machine =
                VZVirtualMachine::initWithConfiguration_queue(VZVirtualMachine::alloc(), &configuration, queue);
            machine.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
            machine
        };
        self.machine = Some(Parts {
            machine,
            _delegate: delegate,
            attachments,
        });
        Ok(Made {
            machine_identifier,
            can_be_saved,
        })
    }

    /// Begins a call that ends with a handler.
    ///
    /// # Errors
    /// When the machine has ended.
    pub(crate) fn begin(&self, call: impl FnOnce(&VZVirtualMachine, &Handler)) -> Result<Completion, VzFailure> {
        let Some(parts) = &self.machine else {
            return Err(VzFailure::ours("the machine has ended"));
        };
        let (handler, completion) = completion();
        call(&parts.machine, &handler);
        Ok(completion)
    }

    /// Begins to pull the plug, if that is possible now.
    pub(crate) fn stop(&self) -> Stop {
        let Some(Parts { machine, .. }) = &self.machine else {
            return Stop::Over;
        };
        // SAFETY: this is a job of the machine's queue; a machine stops in the states for which `canStop` stands.
        unsafe {
            if machine.canStop() {
                let (handler, completion) = completion();
                machine.stopWithCompletionHandler(&handler);
                return Stop::Begun(completion);
            }
            match machine.state() {
                VZVirtualMachineState::Stopped | VZVirtualMachineState::Error => Stop::Over,
                _ => Stop::Busy,
            }
        }
    }

    /// Gives network interfaces that have been disconnected what they had.
    pub(crate) fn reconnect(&self) {
        let Some(parts) = &self.machine else { return };
        // SAFETY: this is a job of the machine's queue. The interfaces are in the order of the configuration, as the attachments are.
        unsafe {
            let devices = parts.machine.networkDevices();
            for (index, attachment) in parts.attachments.iter().enumerate().take(devices.len()) {
                let device = devices.objectAtIndex(index);
                if device.attachment().is_none() {
                    device.setAttachment(Some(attachment));
                }
            }
        }
    }

    /// The machine's one socket device.
    pub(crate) fn socket_device(&self) -> Option<Retained<VZVirtioSocketDevice>> {
        let parts = self.machine.as_ref()?;
        // SAFETY: this is a job of the machine's queue.
        let devices = unsafe { parts.machine.socketDevices() };
        let device = (!devices.is_empty()).then(|| devices.objectAtIndex(0))?;
        device.downcast::<VZVirtioSocketDevice>().ok()
    }

    /// Keeps a connection until it is let go of by the number that this gives.
    pub(crate) fn keep(&mut self, connection: Retained<VZVirtioSocketConnection>) -> u64 {
        self.connection_count += 1;
        self.connections.insert(self.connection_count, connection);
        self.connection_count
    }

    /// Lets go of a connection.
    pub(crate) fn let_go(&mut self, number: u64) {
        self.connections.remove(&number);
    }
}

impl Drop for MachineObjects {
    fn drop(&mut self) {
        self.connections.clear();
        let Some(parts) = self.machine.take() else { return };
        // SAFETY: what a queue owns is dropped by a job of it.
        unsafe {
            if parts.machine.canStop() {
                let machine = parts.machine.clone();
                machine.stopWithCompletionHandler(&keep_until_called(parts));
            }
        }
    }
}

/// A handler that lets go of a machine when it is called, which happens on the machine's queue. Where it is never called, the machine is
/// never released: a handler itself may be released on any thread.
fn keep_until_called(parts: Parts) -> Handler {
    let kept = Cell::new(Some(ManuallyDrop::new(parts)));
    RcBlock::new(move |_error: *mut NSError| drop(kept.take().map(ManuallyDrop::into_inner)))
}
