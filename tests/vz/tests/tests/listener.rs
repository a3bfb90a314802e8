//! Connections that the guest begins.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]
#![expect(
    unsafe_code,
    reason = "the framework's methods are foreign functions, and a class of the runtime is defined here"
)]

use container_vz_tests::machine::TestMachine;
use container_vz_tests::process::alone;
use container_vz_tests::report::leaks;
use container_vz_tests::sent::Sent;
use objc2::rc::Retained;
use objc2::runtime::{NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send};
use objc2_virtualization::{
    VZVirtioSocketConnection, VZVirtioSocketDevice, VZVirtioSocketListener, VZVirtioSocketListenerDelegate,
};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

/// Longer than anything takes that is going to happen.
const LONG: Duration = Duration::from_secs(30);
/// Longer than anything takes that should have happened by now.
const SHORT: Duration = Duration::from_millis(200);

struct Ivars {
    accepts: bool,
    /// Is sent the port and a duplicate of the descriptor.
    connections: Sender<(u32, OwnedFd)>,
}

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and the class has no `Drop`.
    #[unsafe(super(NSObject))]
    #[name = "ContainerTestListenerDelegate"]
    #[ivars = Ivars]
    struct ListenerDelegate;

    // SAFETY: the protocol asks for nothing that NSObject has not.
    unsafe impl NSObjectProtocol for ListenerDelegate {}

    // SAFETY: the signature is that of the protocol.
    unsafe impl VZVirtioSocketListenerDelegate for ListenerDelegate {
        #[unsafe(method(listener:shouldAcceptNewConnection:fromSocketDevice:))]
        fn should_accept(
            &self,
            _listener: &VZVirtioSocketListener,
            connection: &VZVirtioSocketConnection,
            _device: &VZVirtioSocketDevice,
        ) -> bool {
            // SAFETY: delegates are called on the machine's queue, and the descriptor is open.
            let (port, duplicate) = unsafe {
                let descriptor = BorrowedFd::borrow_raw(connection.fileDescriptor());
                (connection.destinationPort(), descriptor.try_clone_to_owned())
            };
            let _ = duplicate.map(|duplicate| self.ivars().connections.send((port, duplicate)));
            self.ivars().accepts
        }
    }
);

impl ListenerDelegate {
    fn new(accepts: bool, connections: Sender<(u32, OwnedFd)>) -> Retained<Self> {
        let delegate = Self::alloc().set_ivars(Ivars { accepts, connections });
        // SAFETY: NSObject's `init`.
        unsafe { msg_send![super(delegate), init] }
    }
}

/// Listens on a port of `machine` until the returned objects end, which they may do anywhere.
fn listen(machine: &TestMachine, port: u32, delegate: Retained<ListenerDelegate>) -> Sent<Retained<ListenerDelegate>> {
    let delegate = Sent::new(delegate);
    machine.on_queue(move |objects| {
        let delegate = delegate.value();
        // SAFETY: this is the machine's queue.
        unsafe {
            let device = objects.machine.socketDevices().objectAtIndex(0);
            let device = device.downcast::<VZVirtioSocketDevice>().unwrap();
            let listener = VZVirtioSocketListener::new();
            listener.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
            device.setSocketListener_forPort(&listener, port);
        }
        Sent::new(delegate)
    })
}

#[test]
fn a_listener_is_offered_the_guests_connection() {
    alone("guest-dials=1024", || {
        let (sender, connections) = mpsc::channel();
        let machine = TestMachine::new(|_| {});
        let kept = listen(&machine, 1024, ListenerDelegate::new(true, sender));
        machine.start().unwrap();
        let (port, descriptor) = connections.recv_timeout(LONG).unwrap();
        assert_eq!(port, 1024);
        drop((machine, kept, descriptor));
        assert_eq!(leaks(), [""; 0]);
    })
    .succeeded();
}

#[test]
fn a_listener_on_another_port_is_not() {
    alone("guest-dials=1024", || {
        let (sender, connections) = mpsc::channel();
        let machine = TestMachine::new(|_| {});
        let _kept = listen(&machine, 1025, ListenerDelegate::new(true, sender));
        machine.start().unwrap();
        connections.recv_timeout(SHORT).unwrap_err();
    })
    .succeeded();
}

#[test]
fn a_listeners_delegate_that_nobody_keeps_is_not() {
    alone("guest-dials=1024", || {
        let (sender, connections) = mpsc::channel();
        let machine = TestMachine::new(|_| {});
        drop(listen(&machine, 1024, ListenerDelegate::new(false, sender)));
        machine.start().unwrap();
        connections.recv_timeout(LONG).unwrap_err();
    })
    .succeeded();
}
