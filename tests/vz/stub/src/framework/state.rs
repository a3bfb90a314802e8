//! What a machine does: its state, the guest that runs in it, and what ends with it.
//!
//! It is shared by the machine's object and its devices' ones. Everything here happens on the machine's queue unless a function says otherwise.

use super::connection;
use crate::description::MachineDescription;
use crate::dispatch;
use crate::guest::Guest;
use crate::runtime::{HeapBlock, Id, Strong, WeakReference, bind_to_queue};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `VZVirtualMachineState` of the bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Stopped = 0,
    Running = 1,
    Paused = 2,
    Error = 3,
    Starting = 4,
    Pausing = 5,
    Resuming = 6,
    Stopping = 7,
    Saving = 8,
    Restoring = 9,
}

/// What happens in a machine between its making and its end.
pub(super) struct Run {
    /// What the machine is made of.
    pub(super) description: MachineDescription,
    queue: Strong,
    label: String,
    machine: WeakReference,
    state: Mutex<State>,
    /// Counts starts, so that what was planned for an earlier one is known to be late.
    starts: AtomicU64,
    guest: Mutex<Option<Box<dyn Guest>>>,
    /// How many attempts to connect there were.
    attempts: AtomicU32,
    on_end: Mutex<OnEnd>,
}

/// What ends when the guest does.
#[derive(Default)]
struct OnEnd {
    connections: Vec<WeakReference>,
    unanswered: Vec<HeapBlock>,
    locks: Vec<File>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    /// For the machine `machine`, which works on `queue`.
    pub(super) unsafe fn new(description: MachineDescription, machine: Id, queue: Id) -> Arc<Self> {
        Arc::new(Self {
            description,
            queue: Strong::share(queue),
            label: dispatch::label(queue),
            machine: WeakReference::to(machine),
            state: Mutex::new(State::Stopped),
            starts: AtomicU64::new(0),
            guest: Mutex::default(),
            attempts: AtomicU32::new(0),
            on_end: Mutex::default(),
        })
    }

    /// The queue. From any thread.
    pub(super) fn queue(&self) -> &Strong {
        &self.queue
    }

    /// Makes `object` one that may be touched on the queue only.
    pub(super) unsafe fn bind(&self, object: Id) {
        bind_to_queue(object, self.queue.id(), &self.label);
    }

    /// Runs `work` on the queue with the machine's object, unless that has ended. From any thread.
    pub(super) fn post(self: &Arc<Self>, work: impl FnOnce(&Arc<Self>, Id) + Send + 'static) {
        let run = Arc::clone(self);
        dispatch::post(&self.queue, move || {
            // SAFETY: loading gives a share.
            let machine = unsafe { Strong::adopt(run.machine.load()) };
            if !machine.id().is_null() {
                work(&run, machine.id());
            }
        });
    }

    pub(super) fn state(&self) -> State {
        *lock(&self.state)
    }

    pub(super) fn set_state(&self, state: State) {
        *lock(&self.state) = state;
    }

    /// Counts one more start.
    pub(super) fn count_start(&self) {
        self.starts.fetch_add(1, Ordering::AcqRel);
    }

    /// Which start this is. From any thread.
    pub(super) fn start_number(&self) -> u64 {
        self.starts.load(Ordering::Acquire)
    }

    /// Counts one more attempt to connect, and says how many there were before.
    pub(super) fn count_attempt(&self) -> u32 {
        self.attempts.fetch_add(1, Ordering::AcqRel)
    }

    /// Keeps the locks of the disks until the guest ends.
    pub(super) fn keep_locks(&self, locks: Vec<File>) {
        lock(&self.on_end).locks = locks;
    }

    /// Keeps a block that is never called until the guest ends.
    pub(super) fn keep_unanswered(&self, block: HeapBlock) {
        let is_running = lock(&self.guest).is_some();
        if is_running {
            lock(&self.on_end).unanswered.push(block);
        }
    }

    /// Puts a guest that has started into the machine.
    pub(super) fn put_guest(&self, guest: Box<dyn Guest>) {
        *lock(&self.guest) = Some(guest);
    }

    /// Lets `work` with the guest, if there is one.
    pub(super) fn with_guest<R>(&self, work: impl FnOnce(&mut dyn Guest) -> R) -> Option<R> {
        lock(&self.guest).as_mut().map(|guest| work(guest.as_mut()))
    }

    /// A connection object for a descriptor; it closes when the guest ends.
    pub(super) unsafe fn connection(&self, descriptor: OwnedFd, source_port: u32, destination_port: u32) -> Strong {
        let connection = connection::new(descriptor, source_port, destination_port);
        self.bind(connection.id());
        lock(&self.on_end).connections.push(WeakReference::to(connection.id()));
        connection
    }

    /// Closes every connection, and lets go of the blocks that were never called.
    pub(super) fn close_connections(&self) {
        let (connections, unanswered) = {
            let mut on_end = lock(&self.on_end);
            (
                std::mem::take(&mut on_end.connections),
                std::mem::take(&mut on_end.unanswered),
            )
        };
        for connection in connections {
            // SAFETY: loading gives a share; this is the connections' queue.
            unsafe {
                let connection = Strong::adopt(connection.load());
                if !connection.id().is_null() {
                    connection::close(connection.id());
                }
            }
        }
        drop(unanswered);
    }

    /// Ends the guest and all that ends with it.
    pub(super) fn end(&self) {
        let guest = lock(&self.guest).take();
        if let Some(mut guest) = guest {
            guest.end();
        }
        self.close_connections();
        lock(&self.on_end).locks.clear();
    }
}
