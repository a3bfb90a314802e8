//! A machine, whose objects never leave its queue.

#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use crate::configuration::{file_url, smallest};
use crate::delegate::{Delegate, Event};
use crate::failure::Failure;
use crate::sent::Sent;
use block2::RcBlock;
use dispatch2::{DispatchQueue, DispatchRetained};
use objc2::AllocAnyThread as _;
use objc2::rc::{Retained, autoreleasepool};
use objc2::runtime::ProtocolObject;
use objc2_foundation::NSError;
use objc2_virtualization::{
    VZVirtioSocketConnection, VZVirtioSocketDevice, VZVirtualMachine, VZVirtualMachineConfiguration,
};
use std::cell::Cell;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};

/// What belongs on a machine's queue.
pub struct Objects {
    /// The machine.
    pub machine: Retained<VZVirtualMachine>,
    /// Its delegate, which the machine does not keep.
    pub delegate: Option<Retained<Delegate>>,
}

/// A machine.
pub struct TestMachine {
    /// Its queue.
    pub queue: DispatchRetained<DispatchQueue>,
    /// What its delegate is told.
    pub events: Receiver<Event>,
    objects: *mut Objects,
}

type Handler = RcBlock<dyn Fn(*mut NSError)>;

impl TestMachine {
    /// The smallest machine, changed by `configure`.
    pub fn new(configure: impl FnOnce(&VZVirtualMachineConfiguration) + Send) -> Self {
        let queue = DispatchQueue::new("test machine", None);
        let (sender, events) = mpsc::channel();
        let mut objects = None;
        queue.exec_sync(|| {
            let configuration = smallest();
            configure(&configuration);
            // SAFETY: this is the machine's queue.
            let machine = unsafe {
                let machine = VZVirtualMachine::alloc();
                VZVirtualMachine::initWithConfiguration_queue(machine, &configuration, &queue)
            };
            let delegate = Delegate::new(sender);
            // SAFETY: as above.
            unsafe { machine.setDelegate(Some(ProtocolObject::from_ref(&*delegate))) };
            let delegate = Some(delegate);
            objects = Some(Sent::new(Box::into_raw(Box::new(Objects { machine, delegate }))));
        });
        Self {
            queue,
            events,
            objects: objects.map_or(std::ptr::null_mut(), Sent::value),
        }
    }

    /// Runs `job` on the queue and waits for it.
    pub fn on_queue<R: Send>(&self, job: impl FnOnce(&mut Objects) -> R + Send) -> R {
        let objects = Sent::new(self.objects);
        let mut result = None;
        self.queue.exec_sync(|| {
            let objects = objects.value();
            // SAFETY: they live as long as this machine, and only jobs of the serial queue touch them.
            result = Some(job(unsafe { &mut *objects }));
        });
        match result {
            Some(result) => result,
            None => unreachable!("a job that was waited for has run"),
        }
    }

    /// Begins an operation on the queue and waits for its end.
    fn complete(&self, begin: impl FnOnce(&VZVirtualMachine, &Handler) + Send) -> Result<(), Failure> {
        let (sender, outcome) = mpsc::channel();
        self.on_queue(|objects| {
            let handler = RcBlock::new(move |error: *mut NSError| {
                // SAFETY: a completion handler is given an error or nil.
                let failure = unsafe { error.as_ref() }.map(Failure::of);
                let _ = sender.send(failure.map_or(Ok(()), Err));
            });
            begin(&objects.machine, &handler);
        });
        match outcome.recv() {
            Ok(outcome) => outcome,
            Err(_) => unreachable!("the handler was dropped without a call"),
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// The framework's.
    pub fn start(&self) -> Result<(), Failure> {
        // SAFETY: `complete` calls this on the queue; so below.
        self.complete(|machine, handler| unsafe { machine.startWithCompletionHandler(handler) })
    }

    /// Stops it.
    ///
    /// # Errors
    /// The framework's.
    pub fn stop(&self) -> Result<(), Failure> {
        // SAFETY: as above.
        self.complete(|machine, handler| unsafe { machine.stopWithCompletionHandler(handler) })
    }

    /// Halts it.
    ///
    /// # Errors
    /// The framework's.
    pub fn pause(&self) -> Result<(), Failure> {
        // SAFETY: as above.
        self.complete(|machine, handler| unsafe { machine.pauseWithCompletionHandler(handler) })
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// The framework's.
    pub fn resume(&self) -> Result<(), Failure> {
        // SAFETY: as above.
        self.complete(|machine, handler| unsafe { machine.resumeWithCompletionHandler(handler) })
    }

    /// Saves it.
    ///
    /// # Errors
    /// The framework's.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        self.complete(|machine, handler| {
            // SAFETY: as above.
            unsafe { machine.saveMachineStateToURL_completionHandler(&file_url(path), handler) };
        })
    }

    /// Restores it.
    ///
    /// # Errors
    /// The framework's.
    pub fn restore(&self, path: &Path) -> Result<(), Failure> {
        self.complete(|machine, handler| {
            // SAFETY: as above.
            unsafe { machine.restoreMachineStateFromURL_completionHandler(&file_url(path), handler) };
        })
    }

    /// Its state, `VZVirtualMachineState`.
    pub fn state(&self) -> isize {
        // SAFETY: as above.
        self.on_queue(|objects| unsafe { objects.machine.state() }.0)
    }

    /// Begins to connect to a port. The answer has a duplicate of the connection's descriptor; the connection ends with its handler.
    pub fn connect(&self, port: u32) -> Receiver<Result<UnixStream, Failure>> {
        let (sender, answer) = mpsc::channel();
        self.on_queue(move |objects| {
            let sender = Cell::new(Some(sender));
            let handler = RcBlock::new(move |connection: *mut VZVirtioSocketConnection, error: *mut NSError| {
                // SAFETY: the handler is given a connection or an error, on the queue.
                let outcome = match unsafe { (connection.as_ref(), error.as_ref()) } {
                    (Some(connection), _) => Ok(duplicate(connection)),
                    (None, Some(error)) => Err(Failure::of(error)),
                    (None, None) => unreachable!("neither a connection nor an error"),
                };
                if let Some(sender) = sender.take() {
                    let _ = sender.send(outcome);
                }
            });
            // SAFETY: as above.
            unsafe {
                let devices = objects.machine.socketDevices();
                match devices.objectAtIndex(0).downcast::<VZVirtioSocketDevice>() {
                    Ok(device) => device.connectToPort_completionHandler(port, &handler),
                    Err(device) => unreachable!("{device:?} is no socket device"),
                }
            }
        });
        answer
    }
}

fn duplicate(connection: &VZVirtioSocketConnection) -> UnixStream {
    // SAFETY: the connection is open, and the duplicate is nobody else's.
    unsafe {
        let descriptor = libc::fcntl(connection.fileDescriptor(), libc::F_DUPFD_CLOEXEC, 3);
        UnixStream::from(OwnedFd::from_raw_fd(descriptor))
    }
}

impl Drop for TestMachine {
    fn drop(&mut self) {
        let objects = Sent::new(self.objects);
        self.queue.exec_sync(|| {
            let objects = objects.value();
            // SAFETY: made by `Box::into_raw`, and nobody has them after this.
            autoreleasepool(|_| drop(unsafe { Box::from_raw(objects) }));
        });
    }
}
