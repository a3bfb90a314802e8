//! `VZVirtualMachine`.

mod delegate;
mod notices;
mod pausing;
mod saving;
mod starting;
mod stopping;
mod trouble;

use super::configuration::{DEVICE_LISTS, validate};
use super::decode::decode;
use super::error::{self, Code};
use super::socket;
use super::state::{Run, State};
use crate::breach::breach;
use crate::description::MachineDescription;
use crate::dispatch;
use crate::fault::faults;
use crate::foundation::array;
use crate::foundation::error as foundation_error;
use crate::runtime::{
    Block, ClassDescription, Flag, HeapBlock, Id, Strong, WeakReference, allocate, autorelease, class_named,
    objc_class, object, set_object, set_unsigned, with_payload,
};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

static LAST: Mutex<Option<MachineDescription>> = Mutex::new(None);

/// The configuration of the last machine that was made.
pub(crate) fn last_description() -> Option<MachineDescription> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What a machine's object keeps.
#[derive(Default)]
struct Machine {
    run: Option<Arc<Run>>,
    delegate: Option<WeakReference>,
    /// The lists of its devices, by property.
    devices: Vec<(&'static str, Strong)>,
    /// What it was configured with, for the descriptors in it.
    _configuration: Vec<Strong>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            run.end();
        }
    }
}

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![objc_class!("VZVirtualMachine": "NSObject" {
        + "isSupported" (_this) -> Flag { Flag::from(!faults().not_supported) }
        - "initWithConfiguration:queue:" (this, configuration: Id, queue: Id) -> Id { init(this, configuration, queue) }
        - "queue" (this) -> Id { run(this).queue().id() }
        - "state" (this) -> isize { run(this).state() as isize }
        - "delegate" (this) -> Id { autorelease(delegate::load(this)) }
        - "setDelegate:" (this, delegate: Id) { delegate::set(this, delegate) }
        - "canStart" (this) -> Flag { Flag::from(starting::can_start(run(this).state())) }
        - "canStop" (this) -> Flag { Flag::from(stopping::can_stop(run(this).state())) }
        - "canPause" (this) -> Flag { Flag::from(run(this).state() == State::Running) }
        - "canResume" (this) -> Flag { Flag::from(run(this).state() == State::Paused) }
        - "canRequestStop" (this) -> Flag { Flag::from(run(this).state() == State::Running) }
        - "startWithCompletionHandler:" (this, block: *mut Block) { starting::start(this, HeapBlock::copy(block)) }
        - "stopWithCompletionHandler:" (this, block: *mut Block) { stopping::stop(this, HeapBlock::copy(block)) }
        - "pauseWithCompletionHandler:" (this, block: *mut Block) { pausing::pause(this, HeapBlock::copy(block)) }
        - "resumeWithCompletionHandler:" (this, block: *mut Block) { pausing::resume(this, HeapBlock::copy(block)) }
        - "saveMachineStateToURL:completionHandler:" (this, url: Id, block: *mut Block) {
            saving::save(this, url, HeapBlock::copy(block))
        }
        - "restoreMachineStateFromURL:completionHandler:" (this, url: Id, block: *mut Block) {
            saving::restore(this, url, HeapBlock::copy(block))
        }
        - "requestStopWithError:" (this, error: *mut Id) -> Flag { request_stop(this, error) }
        - "socketDevices" (this) -> Id { autorelease(devices(this, "socketDevices")) }
        - "networkDevices" (this) -> Id { autorelease(devices(this, "networkDevices")) }
        - "memoryBalloonDevices" (this) -> Id { autorelease(devices(this, "memoryBalloonDevices")) }
        - "directorySharingDevices" (this) -> Id { autorelease(devices(this, "directorySharingDevices")) }
    })]
}

unsafe fn init(this: Id, configuration: Id, queue: Id) -> Id {
    if let Err(error) = validate(configuration) {
        breach(format_args!(
            "NSException: a machine is made of an invalid configuration: {}",
            foundation_error::text(error.id())
        ));
    }
    if queue.is_null() || dispatch::is_concurrent(queue) {
        breach("the queue of a machine is not serial, with which its behavior is undefined");
    }
    let Ok(description) = decode(configuration) else {
        breach("a valid configuration cannot be read");
    };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(description.clone());
    let run = Run::new(description, this, queue);
    let configured = |list: &str| object(configuration, list);
    let parts = DEVICE_LISTS.into_iter().chain(["bootLoader", "platform"]);
    let machine = Machine {
        devices: running_devices(configuration, &run),
        delegate: None,
        _configuration: parts.filter_map(configured).collect(),
        run: Some(Arc::clone(&run)),
    };
    with_payload(this, |own: &mut Machine| *own = machine);
    run.bind(this);
    this
}

/// The devices of a running machine, made after those of its configuration.
unsafe fn running_devices(configuration: Id, run: &Arc<Run>) -> Vec<(&'static str, Strong)> {
    let list = |name: &'static str, make: &dyn Fn(Id) -> Strong| {
        let configured = object(configuration, name).map_or_else(Vec::new, |list| array::items(list.id()));
        let devices: Vec<Strong> = configured.iter().map(|device| make(device.id())).collect();
        (name, array::new(&devices))
    };
    let device = |class: &str| {
        let device = allocate(class_named(class));
        run.bind(device);
        Strong::adopt(device)
    };
    let copy = |from: Id, to: &Strong, property: &str| {
        if let Some(value) = object(from, property) {
            set_object(to.id(), property, value.id());
        }
    };
    vec![
        list("socketDevices", &|_| socket::device(run)),
        list("networkDevices", &|configured| {
            let device = device("VZNetworkDevice");
            copy(configured, &device, "attachment");
            device
        }),
        list("directorySharingDevices", &|configured| {
            let device = device("VZVirtioFileSystemDevice");
            copy(configured, &device, "tag");
            copy(configured, &device, "share");
            device
        }),
        list("memoryBalloonDevices", &|_| {
            let device = device("VZVirtioTraditionalMemoryBalloonDevice");
            set_unsigned(
                device.id(),
                "targetVirtualMachineMemorySize",
                run.description.memory_bytes,
            );
            device
        }),
    ]
}

unsafe fn run(machine: Id) -> Arc<Run> {
    match with_payload(machine, |machine: &mut Machine| machine.run.clone()) {
        Some(run) => run,
        None => breach("a machine is used that was not made by initWithConfiguration:queue:"),
    }
}

unsafe fn devices(machine: Id, list: &str) -> Strong {
    with_payload(machine, |machine: &mut Machine| {
        let devices = machine.devices.iter().find(|(name, _)| *name == list);
        devices.map_or_else(|| array::new(&[]), |(_, devices)| devices.clone())
    })
}

/// Asks the guest to stop, which it does not do: there is no driver for the power button.
unsafe fn request_stop(machine: Id, error: *mut Id) -> Flag {
    if run(machine).state() == State::Running {
        return 1;
    }
    error::write(error, wrong_transition("stopped"));
    0
}

fn wrong_transition(what: &str) -> Strong {
    let reason = format!("The virtual machine cannot be {what} in its state.");
    error::framework(Code::InvalidVirtualMachineStateTransition, &reason)
}

/// Calls a completion handler on the queue after this job.
unsafe fn complete(run: &Arc<Run>, block: HeapBlock, outcome: Result<(), Strong>) {
    run.post(move |_, _| call(&block, &outcome));
}

/// Calls a completion handler here and now.
fn call(block: &HeapBlock, outcome: &Result<(), Strong>) {
    // SAFETY: completion handlers take an error, which is nil when there is none.
    unsafe {
        match outcome {
            Ok(()) => block.call1(ptr::null_mut()),
            Err(error) => block.call1(error.id().cast()),
        }
    }
}
