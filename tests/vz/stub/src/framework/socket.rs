//! `VZVirtioSocketDevice` and its listeners: connections from the host to the guest and from the guest to the host.

use super::connection;
use super::error::{self, Code};
use super::state::{Run, State};
use crate::dispatch;
use crate::fault::faults;
use crate::runtime::{
    Block, ClassDescription, Flag, HeapBlock, Id, Selector, Strong, WeakReference, allocate, autorelease, class_named,
    implementation, objc_class, responds_to, with_payload,
};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Where the ports of the host's side begin, which nobody reserves.
const FIRST_SOURCE_PORT: u32 = 1 << 30;

#[derive(Default)]
struct SocketDevice {
    run: Option<Arc<Run>>,
    listeners: BTreeMap<u32, Strong>,
}

#[derive(Default)]
struct Listener {
    delegate: Option<WeakReference>,
}

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZVirtioSocketListener": "NSObject" {
            - "delegate" (this) -> Id { autorelease(delegate(this)) }
            - "setDelegate:" (this, delegate: Id) {
                let reference = WeakReference::to(delegate);
                with_payload(this, |listener: &mut Listener| listener.delegate = Some(reference));
            }
        }),
        objc_class!("VZSocketDevice": "NSObject" {}),
        objc_class!("VZVirtioSocketDevice": "VZSocketDevice" {
            - "connectToPort:completionHandler:" (this, port: u32, block: *mut Block) { connect(this, port, block) }
            - "setSocketListener:forPort:" (this, listener: Id, port: u32) {
                let listener = Strong::share(listener);
                let before = with_payload(this, |device: &mut SocketDevice| device.listeners.insert(port, listener));
                drop(before);
            }
            - "removeSocketListenerForPort:" (this, port: u32) {
                let before = with_payload(this, |device: &mut SocketDevice| device.listeners.remove(&port));
                drop(before);
            }
        }),
    ]
}

/// The socket device of a machine.
pub(super) unsafe fn device(run: &Arc<Run>) -> Strong {
    let device = allocate(class_named("VZVirtioSocketDevice"));
    with_payload(device, |own: &mut SocketDevice| own.run = Some(Arc::clone(run)));
    run.bind(device);
    Strong::adopt(device)
}

/// An attempt to connect, which has not been answered.
struct Attempt {
    run: Arc<Run>,
    port: u32,
    block: Option<HeapBlock>,
}

impl Attempt {
    /// Answers on the queue. From any thread.
    fn answer(mut self, outcome: Result<OwnedFd, Strong>) {
        let Some(block) = self.block.take() else { return };
        let (run, port) = (Arc::clone(&self.run), self.port);
        dispatch::post(self.run.queue(), move || {
            // SAFETY: the block takes a connection and an error, of which one is nil.
            unsafe {
                match outcome {
                    Ok(descriptor) if run.state() == State::Running => {
                        let connection = run.connection(descriptor, source_port(), port);
                        block.call2(connection.id().cast(), ptr::null_mut());
                    }
                    Ok(_) => block.call2(ptr::null_mut(), error::refused().id().cast()),
                    Err(error) => block.call2(ptr::null_mut(), error.id().cast()),
                }
            }
        });
    }

    fn answer_io(self, outcome: io::Result<OwnedFd>) {
        self.answer(outcome.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => error::refused(),
            _ => error::of_system(&error),
        }));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // Nobody answers: the block lives on until the guest ends, and ends on the queue.
        if let Some(block) = self.block.take() {
            let run = Arc::clone(&self.run);
            dispatch::post(self.run.queue(), move || run.keep_unanswered(block));
        }
    }
}

fn source_port() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(FIRST_SOURCE_PORT);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

unsafe fn connect(device: Id, port: u32, block: *mut Block) {
    let block = HeapBlock::copy(block);
    let Some(run) = with_payload(device, |device: &mut SocketDevice| device.run.clone()) else {
        return;
    };
    let is_running = run.state() == State::Running;
    let attempt = Attempt {
        run: Arc::clone(&run),
        port,
        block: Some(block),
    };
    if !is_running {
        let reason = "The virtual machine is not running.";
        return attempt.answer(Err(error::framework(Code::InvalidVirtualMachineState, reason)));
    }
    if run.count_attempt() < faults().connect_refused {
        return attempt.answer(Err(error::refused()));
    }
    if faults().connect_silent {
        return drop(attempt);
    }
    match faults().connect_late {
        Some(delay) => {
            thread::spawn(move || {
                thread::sleep(delay);
                let run = Arc::clone(&attempt.run);
                run.post(move |run, _| pass_on(run, attempt));
            });
        }
        None => pass_on(&run, attempt),
    }
}

/// Asks the guest.
fn pass_on(run: &Run, attempt: Attempt) {
    let port = attempt.port;
    let mut attempt = Some(attempt);
    run.with_guest(|guest| {
        if let Some(attempt) = attempt.take() {
            guest.connect(port, Box::new(move |outcome| attempt.answer_io(outcome)));
        }
    });
    if let Some(attempt) = attempt {
        attempt.answer(Err(error::refused()));
    }
}

unsafe fn delegate(listener: Id) -> Strong {
    let delegate = with_payload(listener, |listener: &mut Listener| {
        listener.delegate.as_ref().map_or(ptr::null_mut(), WeakReference::load)
    });
    Strong::adopt(delegate)
}

/// Offers a connection of the guest's to whoever listens on the port; nobody does: it is closed.
pub(super) unsafe fn dialed(run: &Run, device: Id, port: u32, descriptor: OwnedFd) {
    let listener = with_payload(device, |device: &mut SocketDevice| device.listeners.get(&port).cloned());
    let Some(listener) = listener else { return };
    let delegate = delegate(listener.id());
    let selector = c"listener:shouldAcceptNewConnection:fromSocketDevice:";
    if delegate.id().is_null() || !responds_to(delegate.id(), selector) {
        return;
    }
    let connection = run.connection(descriptor, source_port(), port);
    let selector = Selector::named(selector);
    let ask: unsafe extern "C-unwind" fn(Id, Selector, Id, Id, Id) -> Flag =
        std::mem::transmute(implementation(delegate.id(), selector).0);
    if ask(delegate.id(), selector, listener.id(), connection.id(), device) == 0 {
        connection::close(connection.id());
    }
}
